"""Exports: kept for a day under a name nobody can guess, each written into the audit chain.

A file and its description lie beside the journal, so that any process of the service can answer for
them; both go when they expire. The chain says who took what and its digest, and who fetched it.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from api.access.principal import Principal
from api.browse import takeaway
from api.browse.history import detail_of, told_of
from api.browse.nodes import edges_of, nodes_of
from api.browse.picture import PER_ACCOUNT
from api.browse.reader import Reader
from api.browse.takeaway import Taken
from api.places import place_of
from api.schemas.answers import moment
from api.schemas.export import ExportIn, ExportOut, Format, State
from graph.errors import NotAllowed, NotFound, RingError
from graph.ledger.audit import Act, append
from graph.ledger.port import Ledger, Role
from graph.rings.evidence import pack_of
from graph.rings.pack import SEAL_PURPOSE, zipped
from graph.rings.record import FOLDER as EVIDENCE

log = logging.getLogger("ringsight.exports")

LIVES = timedelta(hours=24)
MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.GRAPHML: "application/graphml+xml",
    Format.JSON: "application/json",
    Format.ZIP: "application/zip",
}
WORKS = timedelta(minutes=30)
"""How long the making of an export may take."""
WAIT_S = 2.0
"""How long a caller waits for an export that may be ready at once."""
_WRITERS: dict[Format, Callable[[Taken], bytes]] = {
    Format.CSV: takeaway.as_csv,
    Format.GRAPHML: takeaway.as_graphml,
    Format.JSON: takeaway.as_json,
}


@dataclass(frozen=True)
class Exports:
    """The exports of a service; ``folder`` is its home, ``clock`` gives microseconds."""

    reader: Reader
    ledger: Ledger
    folder: Path
    clock: Callable[[], int]

    def make(self, asked: ExportIn, caller: Principal, *, coarse: bool) -> ExportOut:
        """Begin an export, and give it as ready if it is within :data:`WAIT_S`.

        ``coarse`` says whether the caller sees coarse facts.

        Raises:
            NotFound: if there is no such ring or entity, or no evidence of the ring is kept.
            NotAllowed: if an evidence pack is asked for by who may not see coarse facts.
        """
        self._sweep()
        if asked.around is not None and not self._degrees(asked.around):
            raise NotFound(f"no entity {asked.around!r}")
        coarse = coarse and not asked.redact
        begun = ExportOut(
            id=secrets.token_hex(16),
            state=State.WORKING,
            progress=0.0,
            format=asked.format,
            expires=moment(self.clock()) + LIVES,
            as_of=self.reader.era().moment,
        )
        self._note_down(begun, caller)
        subject = f"ring:{asked.ring}" if asked.ring else asked.around
        self._log("export.create", subject, caller, begun, redacted=not coarse)
        trouble: list[RingError] = []
        work = Thread(target=self._work, args=(begun, asked, caller, coarse, trouble), daemon=True)
        work.start()
        work.join(WAIT_S)
        if trouble:
            raise trouble[0]
        return self.look(begun.id, caller)

    def _work(
        self,
        begun: ExportOut,
        asked: ExportIn,
        caller: Principal,
        coarse: bool,
        trouble: list[RingError],
    ) -> None:
        """Make the file; what went wrong is told by its class, whose text may stay inside."""
        try:
            written: dict[str, Any] = {}
            if asked.around is None:
                pieces: Iterable[bytes] = [self._content(asked, caller, coarse=coarse)]
            else:
                pieces = self._around(asked, (begun, caller), written, coarse=coarse)
            written |= self._write(begun, pieces)
            url = f"/v1/exports/{begun.id}/file"
            done = {"state": State.READY, **written, "progress": 1.0, "url": url}
        except Exception as error:  # a worker's fault must not leave an export at work for ever
            log.error("an export failed: %s at %s", type(error).__name__, place_of(error))
            if isinstance(error, RingError):
                trouble.append(error)
            done = {"state": State.FAILED, "problem": type(error).__name__}
        self._note_down(begun.model_copy(update=done), caller)

    def look(self, export_id: str, caller: Principal) -> ExportOut:
        """How far an export is.

        Raises:
            NotFound: if there is none, or it has expired.
            NotAllowed: if another made it and the caller is no lead.
        """
        kept = self._kept(export_id)
        if kept["by"] != caller.id and not caller.role.covers(Role.LEAD):
            raise NotAllowed("an export is for who made it, or for a lead")
        out = self._alive(ExportOut.model_validate(kept["export"]))
        if out.expires is not None and out.expires <= moment(self.clock()):
            raise NotFound("the export has expired; make it anew")
        return out

    def _alive(self, out: ExportOut) -> ExportOut:
        """The export; one whose process went away long ago has failed."""
        at_work = out.state is State.WORKING and out.expires is not None
        if at_work and out.expires - LIVES + WORKS <= moment(self.clock()):  # type: ignore[operator]
            return out.model_copy(update={"state": State.FAILED, "problem": "Interrupted"})
        return out

    def fetch(self, export_id: str, caller: Principal) -> tuple[ExportOut, Path]:
        """An export and its file; that it was fetched is written down.

        Raises:
            NotFound: if there is none, it has expired, or it is not ready.
        """
        out = self.look(export_id, caller)
        if out.state is not State.READY:
            raise NotFound("the export is not ready")
        self._log("export.fetch", None, caller, out)
        return out, self._file(out)

    # -- content -----------------------------------------------------------------------------------

    def _content(self, asked: ExportIn, caller: Principal, *, coarse: bool) -> bytes:
        if asked.format is Format.ZIP and asked.ring is not None:
            if not coarse:
                raise NotAllowed("an evidence pack shows prefixes and domains; ask for JSON")
            key = self.reader.pseudonyms.derived(SEAL_PURPOSE)
            extra = {"request": self._about(asked, caller)}
            return zipped(pack_of(self.folder / EVIDENCE, asked.ring, key=key, extra=extra))
        taken = self._ring(asked, caller) if asked.ring else self._view(asked, caller)
        return _WRITERS[asked.format](taken if coarse else self._masked(taken))

    def _ring(self, asked: ExportIn, caller: Principal) -> Taken:
        told = told_of(self.reader, str(asked.ring))
        ids = told.member_ids
        piece = self.reader.store.neighbourhood(ids, per_id=PER_ACCOUNT)
        about = self._about(asked, caller)
        about["ring"] = detail_of(self.reader, told).model_dump(mode="json")
        members = frozenset(ids)
        nodes = nodes_of(piece, members)
        ordered = [*(i for i in ids if i in nodes), *(i for i in nodes if i not in members)]
        return Taken(about, [nodes[i] for i in ordered], edges_of(piece))

    def _view(self, asked: ExportIn, caller: Principal) -> Taken:
        piece = self.reader.store.between([self.reader.checked(i) for i in asked.ids or ()])
        return Taken(self._about(asked, caller), list(nodes_of(piece).values()), edges_of(piece))

    def _degrees(self, entity: str) -> Mapping[str, Mapping[str, int]]:
        return self.reader.store.degrees([self.reader.checked(entity)])

    def _around(
        self,
        asked: ExportIn,
        of: tuple[ExportOut, Principal],
        written: dict[str, Any],
        *,
        coarse: bool,
    ) -> Iterator[bytes]:
        """The neighbours piece by piece; how far it is, is told whoever looks."""
        # It brings FastAPI with the models of what a call may ask for; scoring alone needs none.
        from api.browse.neighbour_rows import neighbour_rows  # noqa: PLC0415

        begun, caller = of

        def step(done: int, whole: bool, total: int | None) -> None:
            share = min(0.99, done / total) if total else 0.99
            written.update(rows=done, complete=whole, progress=share)
            self._note_down(begun.model_copy(update=written), caller)

        hidden = (lambda value: value) if coarse else self.reader.masks.hidden
        identity = self.reader.checked(str(asked.around))
        wanted = (asked.kind, asked.flagged)
        return neighbour_rows(self.reader, identity, wanted, hidden, step)

    def _about(self, asked: ExportIn, caller: Principal) -> dict[str, Any]:
        return {
            "query": asked.model_dump(mode="json"),
            "as_of": self.reader.era().moment.isoformat(),
            "made_at": moment(self.clock()).isoformat(),
            "made_by": caller.id,
        }

    def _masked(self, taken: Taken) -> Taken:
        hidden = self.reader.masks.hidden
        return Taken(
            hidden(dict(taken.about)),
            [type(n).model_validate(hidden(n.model_dump(mode="json"))) for n in taken.nodes],
            [type(e).model_validate(hidden(e.model_dump(mode="json"))) for e in taken.edges],
        )

    # -- keeping -----------------------------------------------------------------------------------

    @property
    def _home(self) -> Path:
        return self.folder / "exports"

    def _file(self, out: ExportOut) -> Path:
        return self._home / f"{out.id}.{out.format.value}"

    def _write(self, out: ExportOut, pieces: Iterable[bytes]) -> dict[str, Any]:
        """Lay the file down piece by piece; gives its digest and size."""
        path, digest, size = self._file(out), hashlib.sha256(), 0
        path.touch(mode=0o600)
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        return {"sha256": digest.hexdigest(), "size_bytes": size}

    def _note_down(self, out: ExportOut, caller: Principal) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = self._note(out.id)
        fresh = note.with_suffix(".new")
        fresh.write_bytes(_json({"by": caller.id, "export": out.model_dump(mode="json")}))
        fresh.replace(note)

    def _note(self, export_id: str) -> Path:
        return self._home / f"{export_id}.note"

    def _kept(self, export_id: str) -> dict[str, Any]:
        try:
            if not export_id.isalnum():
                raise FileNotFoundError
            kept: dict[str, Any] = json.loads(self._note(export_id).read_bytes())
        except FileNotFoundError:
            raise NotFound("no such export") from None
        return kept

    def _sweep(self) -> None:
        """Take out what has expired."""
        for export_id, out in self._all():
            if out.expires is not None and out.expires <= moment(self.clock()):
                self._note(export_id).unlink(missing_ok=True)
                self._file(out).unlink(missing_ok=True)

    def _all(self) -> Iterator[tuple[str, ExportOut]]:
        for path in self._home.glob("*.note") if self._home.exists() else ():
            try:
                yield path.stem, ExportOut.model_validate(json.loads(path.read_bytes())["export"])
            except FileNotFoundError:
                continue  # another process swept it

    def _log(
        self, action: str, subject: str | None, caller: Principal, out: ExportOut, **more: bool
    ) -> None:
        detail = {"export": out.id, "format": out.format.value, "sha256": out.sha256, **more}
        with self.ledger.writing() as book:
            append(book, [Act(self.clock(), caller.id, action, subject, detail)])


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()
