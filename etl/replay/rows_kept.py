"""Training rows and cleaned events on disk, so that a run that was killed need not collect again.

Arrow tables as Parquet, arrays as safetensors; no pickle. A sign-up's event is made again from its
row of the timeline, its vicinity is kept flat. A test holds what is read to what was written, and
fails when a row gains a field that is not kept. It knows nothing of how rows are collected or used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.replay.timeline import TABLES, Timeline
from etl.replay.unrolled import signup_of
from gnn.features_signup import Moment
from gnn.known import Known
from gnn.mates import MATE_LINKS, Links, Ties
from gnn.training_rows import AccountMoment, TrainingRows
from gnn.vicinity import LINK_OF, MATE_COLUMNS, MATE_TEXTS, Tie, Vicinity
from graph.velocity import KINDS


def keep_timeline(timeline: Timeline, folder: Path) -> None:
    """Write every table of ``timeline`` to ``folder``."""
    for name in TABLES:
        pq.write_table(timeline.read(name), folder / f"{name}.parquet", compression="zstd")


def kept_timeline(folder: Path) -> Timeline:
    """What :func:`keep_timeline` wrote."""
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    return Timeline({name: table.combine_chunks() for name, table in tables.items()})


def keep_rows(rows: TrainingRows, folder: Path) -> None:
    """Write moments and sign-ups to ``folder``; verdicts are not kept, they are judged anew."""
    from safetensors.numpy import save_file  # noqa: PLC0415

    for number, moment in enumerate(rows.moments):
        place = folder / f"moment-{number:03d}"
        save_file(_arrays(moment), f"{place}.safetensors")
        pq.write_table(pa.table({"key": pa.array(moment.keys, pa.string())}), f"{place}.parquet")
    moments = np.array([moment.as_of for moment in rows.moments], np.int64)
    save_file({"as_of": np.array([rows.as_of], np.int64), "moments": moments}, folder / "at.st")
    pq.write_table(pa.Table.from_pylist(_flat(rows.signups), _FLAT), folder / "signups.parquet")


def kept_rows(folder: Path, timeline: Timeline, known: Known) -> TrainingRows:
    """What :func:`keep_rows` wrote, under other verdicts; sign-ups as ``timeline`` tells them."""
    from safetensors.numpy import load_file  # noqa: PLC0415

    at = load_file(folder / "at.st")
    moments = [
        _moment(folder / f"moment-{number:03d}", int(as_of))
        for number, as_of in enumerate(at["moments"])
    ]
    table = pq.read_table(folder / "signups.parquet")
    told = timeline.read("signups", until=int(at["as_of"][0])).to_pylist()
    row_of = {row["account_id"]: row for row in told}
    signups = [_signup(flat, row_of[flat["account_id"]]) for flat in table.to_pylist()]
    return TrainingRows(int(at["as_of"][0]), known, moments, signups)


def _arrays(moment: AccountMoment) -> dict[str, np.ndarray[Any, Any]]:
    arrays: dict[str, np.ndarray[Any, Any]] = {"rows": moment.rows}
    arrays |= {f"{kind}.names": digests for kind, digests in moment.names.items()}
    for ties in moment.links.ties:
        arrays[f"{ties.link.name}.accounts"] = ties.accounts
        arrays[f"{ties.link.name}.entities"] = ties.entities
        arrays[f"{ties.link.name}.counts"] = ties.counts
        arrays[f"{ties.link.name}.size"] = np.array([ties.size], np.int64)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _moment(place: Path, as_of: int) -> AccountMoment:
    from safetensors.numpy import load_file  # noqa: PLC0415

    arrays = load_file(f"{place}.safetensors")
    keys = tuple(pq.read_table(f"{place}.parquet")["key"].to_pylist())
    ties = tuple(
        Ties(
            link,
            arrays[f"{link.name}.accounts"],
            arrays[f"{link.name}.entities"],
            arrays[f"{link.name}.counts"],
            int(arrays[f"{link.name}.size"][0]),
        )
        for link in MATE_LINKS
    )
    held = (link.name for link in MATE_LINKS)
    names = {kind: arrays[f"{kind}.names"] for kind in held if f"{kind}.names" in arrays}
    return AccountMoment(as_of, keys, arrays["rows"], Links(len(keys), ties), names)


_TIE = pa.struct(
    [
        ("name", pa.string()), ("key", pa.string()), ("accounts", pa.int64()),
        ("first_seen", pa.int64()), ("rows", pa.list_(pa.int64())),
        ("seen_at", pa.list_(pa.int64())),
    ]
)  # fmt: skip
_FLAT = pa.schema(
    [
        ("account_id", pa.string()), ("now", pa.int64()), ("referrer", pa.int64()),
        ("keys", pa.list_(pa.string())), ("ties", pa.list_(_TIE)),
        *((f"number.{name}", pa.list_(pa.float64())) for name in MATE_COLUMNS),
        *((f"text.{name}", pa.list_(pa.string())) for name in MATE_TEXTS),
        *((f"rate.{kind}", pa.list_(pa.float64())) for kind in KINDS),
    ]
)  # fmt: skip


def _flat(signups: Sequence[Moment]) -> list[dict[str, Any]]:
    return [
        {
            "account_id": signup.event.account_id,
            "now": signup.now,
            "referrer": signup.vicinity.referrer,
            "keys": signup.vicinity.keys,
            "ties": [_flat_tie(tie) for tie in signup.vicinity.ties.values()],
            **{f"number.{n}": signup.vicinity.numbers[n] for n in MATE_COLUMNS},
            **{f"text.{n}": signup.vicinity.texts[n] for n in MATE_TEXTS},
            **{f"rate.{kind}": signup.rates.get(kind) for kind in KINDS},
        }
        for signup in signups
    ]


def _flat_tie(tie: Tie) -> dict[str, Any]:
    return {
        "name": tie.link.name,
        "key": tie.key,
        "accounts": tie.accounts,
        "first_seen": tie.first_seen,
        "rows": tie.rows,
        "seen_at": tie.seen_at,
    }


def _signup(flat: Mapping[str, Any], row: Mapping[str, Any]) -> Moment:
    ties = {
        tie["name"]: Tie.of(
            LINK_OF[tie["name"]], tie["key"], tie["accounts"], tie["first_seen"],
            zip(tie["seen_at"], tie["rows"], strict=True),
        )
        for tie in flat["ties"]
    }  # fmt: skip
    vicinity = Vicinity(
        tuple(flat["keys"]),
        {name: tuple(flat[f"number.{name}"]) for name in MATE_COLUMNS},
        {name: tuple(flat[f"text.{name}"]) for name in MATE_TEXTS},
        ties,
        flat["referrer"],
    )
    event = signup_of(row, row["at"])
    held = {kind: flat[f"rate.{kind}"] for kind in KINDS}
    rates = {kind: tuple(rate) for kind, rate in held.items() if rate is not None}
    return Moment(replace(event, at=row["at"]), vicinity, flat["now"], rates=rates)
