"""The work beside which sign-ups are measured: builds and refreshes of one store, again and again.

A process of its own that begins as a job of the command line does: it gives way first and brings in
what it needs after that. It ends when its input does, so nothing outlives the bench.
"""

import sys
from pathlib import Path
from threading import Event, Thread

from api.manners import give_way
from api.settings import Settings


def work(home: Path, seed: int, ended: Event) -> None:
    """Publish a refresh of every account, then build a small world's sessions; again and again."""
    from api.bench.stand import SECRET, generation, settings_of  # noqa: PLC0415 - see above
    from graph.door import Door  # noqa: PLC0415
    from graph.flush import flush  # noqa: PLC0415
    from graph.journal.journal import Journal  # noqa: PLC0415
    from graph.schema import NodeType  # noqa: PLC0415
    from graph.simulate import small_world, table  # noqa: PLC0415
    from graph.stores import open_store  # noqa: PLC0415

    settings, door = settings_of(home), Door(SECRET)
    with (
        Journal(settings.journal_path, door.key_id) as journal,
        open_store(settings.store_url) as store,
    ):
        keys = store.snapshot().keys(NodeType.ACCOUNT)
        number, sessions = store.generation()[0], table(small_world(), "sessions")
        names = sessions["event_id"].to_pylist()
        while not ended.is_set():
            number += 1
            store.publish(generation(number, keys, seed))
            columns = {c: sessions[c].combine_chunks() for c in sessions.column_names}
            fresh = [f"{number} {name}" for name in names]
            rows = door.batch("sessions", {**columns, "event_id": fresh}, len(fresh)).rows
            journal.append("sessions", rows)
            flush(journal, store)


def main(home: Path, seed: int) -> None:
    """Work in ``home`` until standard input ends."""
    give_way(Settings(home=home).job_nice)
    ended = Event()

    def watch() -> None:
        sys.stdin.read()
        ended.set()

    Thread(target=watch, daemon=True).start()
    work(home, seed, ended)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
