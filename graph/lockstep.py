"""Lockstep: who is active in the same minutes as others that send the same templates.

For each account the moments (ten minutes) at which it sent a template are held against the moments
of everybody else who sends that template *from other places*: people of one campus act together,
also from home. What would be in common anyway is read off the same people at other times: the
hours around, the same time on the days around, the same time a week apart. A schedule that drives
many accounts stands out against all three; office hours, a lecture and a nightly job do not.
It knows nothing of clusters or scores, and looks at nothing later than the requests it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from graph.schema import NodeType
from graph.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BIN_US = 600_000_000
_HOUR, _DAY = 6, 144  # in bins
_NEAR = (-1, 0, 1)

SHIFTS: dict[str, tuple[int, ...]] = {
    "hours": tuple(sign * s for s in range(_HOUR, 3 * _HOUR + 1, 3) for sign in (-1, 1)),
    "days": tuple(d * _DAY + s for d in (-2, -1, 1, 2) for s in _NEAR),
    "weeks": tuple(7 * d * _DAY + s for d in (-1, 1) for s in _NEAR),
}
"""What moments are compared with, in bins."""

SENTENCES: dict[str, str] = {
    "lockstep_hours": "Moments in common with others who send its templates, against the hours "
    "around (standard deviations)",
    "lockstep_days": "Moments in common with others who send its templates, against the same time "
    "on other days (standard deviations)",
    "lockstep_weeks": "Moments in common with others who send its templates, against the same time "
    "in other weeks (standard deviations)",
}
"""The columns that :func:`add_lockstep` sets, and what an investigator reads."""


READ = ["account_id", "at", "cluster", "subnet", "ip_class"]
_WORKPLACE = (
    pl.col("subnet")
    .filter(pl.col("ip_class").is_in(["campus", "office"]))
    .mode()
    .min()
    .over("account_id")
)
"""The campus or office network an account uses most; null for those who use none."""


def add_lockstep(snapshot: Snapshot, requests: pa.Table) -> Snapshot:
    """The snapshot with the columns of :data:`SENTENCES` on its accounts.

    An account that sent no template in ``requests`` gets nulls.

    Args:
        snapshot: accounts.
        requests: ``account_id``, ``at`` (us), ``cluster`` (null = no template), ``subnet``,
            ``ip_class``.
    """
    names = snapshot.keys(NodeType.ACCOUNT).to_pylist()
    seat = pl.DataFrame({"account_id": names, "seat": np.arange(len(names))})
    sent = (
        pl.DataFrame(pl.from_arrow(requests.select(READ)))
        .filter(pl.col("cluster").is_not_null())
        .join(seat.cast({"account_id": pl.String}), on="account_id")
        .select(
            "at",
            "seat",
            cluster=pl.col("cluster").rank("dense").cast(pl.Int64),
            place=pl.coalesce(_WORKPLACE, "subnet").rank("dense").fill_null(0).cast(pl.Int64),
        )
    )
    account, cluster, at, place = (sent[n].to_numpy() for n in ("seat", "cluster", "at", "place"))
    figures = lockstep(account, cluster, at, place, len(names))
    columns = {
        name: pa.array(figures[:, column], pa.float64(), from_pandas=True)
        for column, name in enumerate(SENTENCES)
    }
    return snapshot.with_columns(NodeType.ACCOUNT, columns) if len(names) else snapshot


def keep_lockstep(snapshot: Snapshot, before: Snapshot) -> Snapshot:
    """The snapshot with the columns as ``before`` had them; null for accounts it did not know."""
    rows = before.rows_of(NodeType.ACCOUNT, snapshot.keys(NodeType.ACCOUNT).to_pylist())
    held = {name: np.append(before.numbers(NodeType.ACCOUNT, name), np.nan) for name in SENTENCES}
    columns = {n: pa.array(v[rows], pa.float64(), from_pandas=True) for n, v in held.items()}
    return snapshot.with_columns(NodeType.ACCOUNT, columns) if len(rows) else snapshot


def lockstep(account: Ints, cluster: Ints, at: Ints, place: Ints, size: int) -> Floats:
    """Standard deviations above what each kind of shift explains, [size, 3]; NaN = nothing sent.

    Args:
        account: who sent each request, 0 .. size - 1, [R].
        cluster: which template, >= 0, [R].
        at: when (us), [R].
        place: from which network, or who has one campus or office the number of that, 0 = unknown,
            [R].
        size: number of accounts.
    """
    figures = np.full((size, len(SHIFTS)), np.nan)
    if not len(account):
        return figures
    moments = _Moments.of(account, cluster, at // BIN_US, place)
    seen = np.bincount(moments.account, minlength=size) > 0
    together = moments.others(0)
    for column, shifts in enumerate(SHIFTS.values()):
        usual, judged = moments.usual(shifts)
        observed = np.bincount(moments.account, together * judged, size).astype(np.float64)
        expected = np.bincount(moments.account, usual, size).astype(np.float64)
        figures[seen, column] = _deviance(observed, expected)[seen]
    return figures


def _deviance(observed: Floats, expected: Floats) -> Floats:
    """Signed root deviance of Poisson counts; half a moment on both sides steadies small ones."""
    seen, usual = observed + 0.5, expected + 0.5
    twice = 2.0 * (seen * np.log(seen / usual) - (seen - usual))
    return np.asarray(np.sign(seen - usual) * np.sqrt(np.maximum(twice, 0.0)), np.float64)


@dataclass(frozen=True)
class _Moments:
    """Distinct moments: account, cell (template and bin), bin and place of each, [M], by cell.

    ``spans`` are the first and last bin of all.
    """

    account: Ints
    cell: Ints
    bins: Ints
    place: Ints
    width: int
    spans: tuple[int, int]
    crowd: "_Counts"
    room: "_Counts"
    own: "_Counts"

    @classmethod
    def of(cls, account: Ints, cluster: Ints, bins: Ints, place: Ints) -> "_Moments":
        margin = max(max(map(abs, shifts)) for shifts in SHIFTS.values()) + 1
        bins = bins - bins.min() + margin
        width = int(bins.max()) + margin + 1
        order = np.lexsort((place, account, bins, cluster))
        cell, who = (cluster * width + bins)[order], account[order]
        first = np.append(True, (cell[1:] != cell[:-1]) | (who[1:] != who[:-1]))
        cell, who, where = cell[first], who[first], place[order][first]
        people, places = int(who.max()) + 1, int(where.max()) + 1
        return cls(
            who, cell, bins[order][first], where, width,
            (margin, width - margin - 1),
            _Counts.of(cell, 1), _Counts.of(cell * places + where, places),
            _Counts.of(cell * people + who, people),
        )  # fmt: skip

    def others(self, shift: int) -> Floats:
        """Other accounts, in other places, in the same cell ``shift`` bins away, [M]."""
        cell = self.cell + shift
        room = np.where(self.place > 0, self.room.at(cell, self.place), 0.0)
        itself = self.own.at(cell, self.account)
        return np.asarray(self.crowd.at(cell) - np.maximum(room, itself), np.float64)

    def usual(self, shifts: Sequence[int]) -> tuple[Floats, Floats]:
        """The mean of :meth:`others` over the shifts that end within the span, and if any do."""
        total, number = np.zeros(len(self.cell)), np.zeros(len(self.cell))
        for shift in shifts:
            there = self.bins + shift
            inside = (there >= self.spans[0]) & (there <= self.spans[1])
            total[inside] += self.others(shift)[inside]
            number += inside
        return total / np.maximum(number, 1.0), (number > 0).astype(np.float64)


@dataclass(frozen=True)
class _Counts:
    """How often each key occurs; a key is a cell and a part of it."""

    keys: Ints
    count: Floats
    parts: int

    @classmethod
    def of(cls, keys: Ints, parts: int) -> "_Counts":
        found, count = np.unique(keys, return_counts=True)
        return cls(found, count.astype(np.float64), parts)

    def at(self, cell: Ints, part: Ints | int = 0) -> Floats:
        """The count of each cell's part, 0 where there is none."""
        wanted = cell * self.parts + part
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.count[place], 0.0)
