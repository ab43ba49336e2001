"""Between refreshes: accounts that did something are looked at again, with what is known by now.

Every event moves its account's odds against the known rings (:mod:`graph.rings.live`). And the
forests of the last training judge what the account did up to this moment; its mates count with the
scores of the last refresh, over links as they are now, and prompts are looked up in the templates
fitted last. So an account is flagged at the event that ties it to a ring, or minutes after, not at
the next midnight. Nothing is published: that is the refresh's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from etl.asked import add_asked, asked_by, clusters_of
from etl.refreshed import RefreshReport
from etl.replay.front import Front
from etl.replay.timeline import HEAVY, Timeline
from gnn.assess import RingTie, kin_of
from gnn.booster import Floats
from gnn.features import account_matrix
from gnn.mates import Links
from gnn.scorer import Scorer
from gnn.voices import Voices
from gnn.watch import Fresh, Standing
from graph.activity import add_activity
from graph.cleaned import event_of
from graph.errors import ModelMissing
from graph.facts import Event, Request, Signup
from graph.lockstep import keep_lockstep
from graph.rings.live import LiveMatcher, Match
from graph.rings.watchlist import EARLY_US, Watchlist, established, members_of
from graph.schema import NodeType
from graph.snapshot import Snapshot

_TABLES = ("signups", "payments", "sessions", "requests")


@dataclass(frozen=True)
class Arrivals:
    """Events as they come, matched to the rings and genomes that the last refresh knew."""

    timeline: Timeline
    last: RefreshReport
    matcher: LiveMatcher

    @classmethod
    def since(cls, timeline: Timeline, last: RefreshReport) -> "Arrivals":
        """Match from the refresh ``last`` on."""
        old = established(last.snapshot, last.as_of)
        known = watchlist_of(last).matcher(members_of(last.rings), old.__contains__)
        return cls(timeline, last, known)

    def matched(self, since: int, until: int) -> list[Match]:
        """Accounts that events in ``since < at <= until`` (us) tie to a known ring, in order."""
        if not self.matcher.profiles:
            return []
        found = (self.matcher.see(event) for event in self._events(since, until))
        return [match for match in found if match is not None]

    def kin(self, event: Signup) -> RingTie | None:
        """The flagged ring whose newcomer a sign-up is, by all that was seen of it so far."""
        match = self.matcher.weigh([event])
        if match is None or not match.flagged:
            return None
        rings = (r for r in self.last.rings.flagged if r.ring_id == match.ring_id)
        return next((kin_of(match, r.version, r.size) for r in rings), kin_of(match, 0, 0))

    def crowded(self, now: int) -> bool:
        """Whether young accounts crowd towards a ring, and the last refresh is not too fresh."""
        return now - self.last.as_of >= EARLY_US and bool(self.matcher.crowded())

    def _events(self, since: int, until: int) -> list[Event]:
        """Events of all accounts in the order of time, requests with their clusters."""
        events: list[Event] = []
        for name in _TABLES:
            table = self.timeline.read(name, since=since, until=until)
            light = table.select([n for n in table.column_names if n not in HEAVY]).to_pylist()
            if name == "requests":
                clusters = clusters_of(table, self.last.state.asked.index)
                events += [_asked(row, c) for row, c in zip(light, clusters, strict=True)]
            else:
                events += [event_of(name, row) for row in light]
        return sorted(events, key=lambda event: event.at)


@dataclass(frozen=True)
class Watch:
    """What a live look needs: events and graph up to now, the model, and the last refresh."""

    timeline: Timeline
    front: Front
    scorer: Scorer
    last: RefreshReport
    standing: Standing
    arrivals: Arrivals
    voices: Voices | None

    @classmethod
    def since(
        cls, timeline: Timeline, front: Front, scorer: Scorer, last: RefreshReport
    ) -> "Watch":
        """Watch from the refresh ``last`` on.

        Raises:
            ModelMissing: if that refresh ran without a model.
        """
        if last.scores is None:
            raise ModelMissing("accounts cannot be watched after a refresh without a model")
        standing = Standing.of(scorer, last.scores)
        voices = voices_of(last, scorer)
        return cls(timeline, front, scorer, last, standing, Arrivals.since(timeline, last), voices)

    def matched(self, since: int, until: int) -> list[Match]:
        """Accounts that events in ``since < at <= until`` (us) tie to a known ring, in order."""
        return self.arrivals.matched(since, until)

    def crowded(self, now: int) -> bool:
        """Whether a refresh is due before its time: see :meth:`Arrivals.crowded`."""
        return self.arrivals.crowded(now)

    def touched(self, since: int, until: int) -> list[str]:
        """Accounts with an event in ``since < at <= until`` (us), in order."""
        ids: set[str] = set()
        for table in _TABLES:
            ids.update(
                self.timeline.read(table, since=since, until=until)["account_id"].to_pylist()
            )
        return sorted(ids)

    def look(self, account_ids: Sequence[str], now: int) -> tuple[list[str], Floats]:
        """Those of the accounts that exist as of ``now`` (us), and their scores (0..1)."""
        wanted = [key for key in account_ids if f"account:{key}" in self.front.seat]
        if not wanted:
            return [], np.empty(0)
        snapshot = self._described(wanted, now)
        keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()
        mine = set(wanted)
        fresh = np.array([key in mine for key in keys], bool)
        piece = Fresh(
            self.scorer, self.standing, tuple(keys), account_matrix(snapshot), Links.of(snapshot)
        )
        return [key for key in keys if key in mine], piece.scores(fresh)

    def _described(self, account_ids: Sequence[str], now: int) -> Snapshot:
        """What surrounds the accounts, with their activity; mates come without theirs.

        Lockstep is judged at a refresh, where everybody's moments are at hand.
        """
        known = [t for t in _TABLES if self.timeline.span(t, None, now)[1]]
        tables = {t: self.timeline.of_accounts(t, account_ids, now) for t in known}
        edges = self._asked(account_ids, now)
        mates = edges["account_id"].unique().to_list()
        snapshot = replace(self.front.around(account_ids, mates), as_of=now)
        tables["model_releases"] = self.timeline.read("model_releases", until=now)
        described = add_activity(add_asked(snapshot, edges), tables, now)
        return keep_lockstep(described, self.last.snapshot)

    def _asked(self, account_ids: Sequence[str], now: int) -> pl.DataFrame:
        state = self.last.state
        recent = self.timeline.read("requests", since=self.last.as_of, until=now)
        mine = pl.Series(recent["account_id"].to_pylist(), dtype=pl.String).is_in(list(account_ids))
        requests = recent.filter(mine.to_arrow())
        assert state.edges is not None
        return asked_by(requests, state.asked, state.edges, account_ids)


def voices_of(last: RefreshReport, scorer: Scorer | None) -> Voices | None:
    """What newcomers hear after a refresh: the same that a service is left."""
    if scorer is None or last.scores is None:
        return None
    return scorer.voices(last.scores, last.snapshot, last.state.number)


def watchlist_of(last: RefreshReport) -> Watchlist:
    """Whom to look out for after a refresh: the same list that a service is left."""
    state = last.state
    return Watchlist.of(last.inputs, last.rings, state.asked.index, state.number)


def _asked(row: Mapping[str, Any], cluster: str | None) -> Event:
    """A request under its cluster."""
    event = event_of("requests", row)
    assert isinstance(event, Request)
    return replace(event, cluster=cluster)
