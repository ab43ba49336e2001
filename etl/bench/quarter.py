"""A simulated quarter, export by export, as an operator meets it: drift, poison, a broken week.

Thirteen weeks of a town; from the ninth a new market with crowds and a campaign that nobody has
seen. In one week a partner plants verdicts of fraud on honest customers and clears a ring; another
week's export loses most requests and all prompts, and is repaired a week later. Weeks are numbered
from 0. It is about events alone: what is made of them is :mod:`etl.bench.pipeline`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.backtest.outcome import Truth
from etl.weekly.exam import TABLES
from graph.simulate import World, WorldSpec, preset_named, table, world
from graph.simulate.truth import TrueAccount

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US
TIMES = ("created_at", "occurred_at", "decided_at")
LOST = 0.85  # of the broken week's requests


@dataclass(frozen=True, slots=True)
class QuarterSpec:
    """How large, and in which weeks what goes wrong: ``QuarterSpec(accounts=3_000)``.

    Runs come at the ends of weeks ``first_run`` and after; ``volume`` is a factor on every rate.
    """

    accounts: int = 3_000
    weeks: int = 13
    first_run: int = 5
    poisoned: int = 8
    broken: int = 10
    market_from: int = 8
    planted: int = 45
    volume: float = 0.2
    seed: int = 1


class Quarter:
    """The quarter of a specification; the same specification gives the same rows."""

    def __init__(self, spec: QuarterSpec) -> None:
        self.spec = spec

    @cached_property
    def worlds(self) -> tuple[tuple[World, int], ...]:
        """The town, and the new market with by how much (us) it comes later."""
        spec = self.spec
        hard = [c for c in preset_named("hard").campaigns if len(c.tactics) > 3]
        size = max(8, spec.accounts // 75)
        begins = np.linspace(0.0, 0.85, 8)
        campaigns = tuple(
            replace(
                kind, begins=float(at), lasts=0.35, accounts=size, known=True,
                rate=kind.rate / (2 * spec.volume), lifetime_days=14.0,
            )
            for kind, at in zip(hard, begins, strict=False)
        )  # fmt: skip
        market = max(40, spec.accounts // 15)
        town = WorldSpec(
            "quarter", spec.accounts - 9 * size - market, 7.0 * spec.weeks, campaigns,
            volume=spec.volume, label_share=0.6,
        )  # fmt: skip
        late = replace(campaigns[-1], begins=0.15, lasts=0.8)
        weeks_left = spec.weeks - spec.market_from
        new = WorldSpec(
            "market", market, 7.0 * weeks_left, (late,),
            ("class", "researcher", "hackathon", "evaluation"),
            volume=2 * spec.volume, label_share=0.6,
        )  # fmt: skip
        shift = spec.market_from * WEEK_US
        return (world(town, spec.seed), 0), (world(new, spec.seed + 1), shift)

    @property
    def start(self) -> int:
        """The beginning of week 0 (us)."""
        return self.worlds[0][0].town.start

    def end_of(self, week: int) -> int:
        """The end of a week (us)."""
        return self.start + (week + 1) * WEEK_US

    @property
    def runs(self) -> range:
        """The weeks at whose end a run comes."""
        return range(self.spec.first_run, self.spec.weeks)

    @cached_property
    def truth(self) -> Truth:
        """Who was what, for the report alone."""
        accounts: dict[str, TrueAccount] = {}
        for number, (made, shift) in enumerate(self.worlds):
            for a in made.cast:
                campaign = a.campaign and f"{number}-{a.campaign}"
                since = None if a.active_from is None else a.active_from + shift
                accounts[a.account_id] = TrueAccount(
                    a.account_id, a.kind, campaign, a.operator, since
                )
        return Truth.of_world(accounts)

    def export(self, week: int) -> dict[str, pa.Table]:
        """What arrives at the end of a week; the first export holds everything before it."""
        since = None if week == 0 else self.end_of(week - 1)
        found = {name: self._between(name, since, self.end_of(week)) for name in TABLES}
        if week == self.spec.broken:
            found["requests"] = self._broken(found["requests"])
        if week == self.spec.broken + 1:
            whole = self._between("requests", self.end_of(week - 2), self.end_of(week - 1))
            found["requests"] = pa.concat_tables([found["requests"], whole])
        if week == self.spec.poisoned:
            found["labels"] = pa.concat_tables([found["labels"], self._planted(week)])
        return found

    @cached_property
    def _tables(self) -> Mapping[str, pa.Table]:
        tables = {}
        for name in TABLES:
            parts = [_later(table(made, name), shift) for made, shift in self.worlds]
            tables[name] = parts[0] if name == "model_releases" else pa.concat_tables(parts)
        return tables

    def _between(self, name: str, since: int | None, until: int) -> pa.Table:
        rows = self._tables[name]
        if name == "model_releases":
            return rows if since is None else rows.slice(0, 0)
        at = _moments(rows)
        keep = at <= until if since is None else (at > since) & (at <= until)
        return rows.filter(pa.array(keep))

    def _lost(self, requests: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        draw = np.random.default_rng(self.spec.seed).random(requests.num_rows)
        return np.asarray(draw < LOST)

    def _broken(self, requests: pa.Table) -> pa.Table:
        """Most rows are missing; the rest came without their prompts."""
        rows = requests.filter(pa.array(~self._lost(requests)))
        place = rows.column_names.index("prompt")
        empty = pa.array([""] * rows.num_rows, rows.schema.field(place).type)
        return rows.set_column(place, rows.schema.field(place), empty)

    def _planted(self, week: int) -> pa.Table:
        """A partner's batch: honest customers called fraud, a ring's accounts called honest."""
        rng = np.random.default_rng(self.spec.seed + 7)
        until, schema = self.end_of(week), self._tables["labels"].schema
        seen = set(self._between("signups", None, until - 3 * DAY_US)["account_id"].to_pylist())
        honest: list[str] = []
        guilty: list[str] = []
        for account, campaign, since in self.truth.accounts.select(
            "account_id", "campaign", "active_from"
        ).iter_rows():
            if account in seen:
                at_work = campaign is not None and since is not None and since < until - WEEK_US
                (guilty if at_work else honest if campaign is None else []).append(account)
        count = self.spec.planted
        victims = rng.permutation(sorted(honest))[:count].tolist()
        friends = rng.permutation(sorted(guilty))[: count // 3].tolist()
        told = [(a, "fraud") for a in victims] + [(a, "legitimate") for a in friends]
        rows = [
            {"account_id": account, "verdict": verdict, "source": "partner", "campaign_id": None,
             "decided_at": until - DAY_US + 1_000_000 * number}
            for number, (account, verdict) in enumerate(told)
        ]  # fmt: skip
        return _typed(rows, schema)


def _typed(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        values = [row[field.name] for row in rows]
        if pa.types.is_timestamp(field.type):
            columns.append(pa.array(values, pa.int64()).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _later(rows: pa.Table, shift: int) -> pa.Table:
    """The rows with every moment ``shift`` (us) later; ids of events keep apart by a mark."""
    if not shift:
        return rows
    for place, field in enumerate(rows.schema):
        if field.name in TIMES:
            moved = pc.add(rows[field.name].cast(pa.int64()), shift)
            rows = rows.set_column(place, field, moved.cast(field.type))
        elif field.name in {"event_id", "request_id", "conversation_id"}:
            marked = pc.binary_join_element_wise("m", rows[field.name], "-")
            rows = rows.set_column(place, field, marked.cast(field.type))
    return rows


def _moments(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    name = next(n for n in TIMES if n in rows.column_names)
    return np.asarray(rows[name].cast(pa.int64()).combine_chunks(), np.int64)
