"""Between refreshes: accounts that did something are looked at again, with what is known by now.

The forests of the last training judge an account's behaviour up to this moment; its mates count
with the scores of the last refresh, over links as they are now, and prompts are looked up in the
templates fitted last. So an account may be flagged minutes after the request that ties it to
others, not at the next midnight. Nothing is published: that is the refresh's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from etl.asked import add_asked, asked_by
from etl.front import Front
from etl.refresh import RefreshReport
from etl.timeline import Timeline
from gnn.booster import Floats
from gnn.features import account_matrix
from gnn.mates import Links
from gnn.scorer import Scorer
from gnn.watch import Fresh, Standing
from graph.activity import add_activity
from graph.errors import ModelMissing
from graph.schema import NodeType
from graph.snapshot import Snapshot

_TABLES = ("signups", "payments", "sessions", "requests")


@dataclass(frozen=True)
class Watch:
    """What a live look needs: events and graph up to now, the model, and the last refresh."""

    timeline: Timeline
    front: Front
    scorer: Scorer
    last: RefreshReport
    standing: Standing

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
        return cls(timeline, front, scorer, last, Standing.of(scorer, last.scores))

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
        """What surrounds the accounts, with their activity; mates come without theirs."""
        tables = {t: self.timeline.of_accounts(t, account_ids, now) for t in _TABLES}
        edges = self._asked(account_ids, now)
        mates = edges["account_id"].unique().to_list()
        snapshot = replace(self.front.around(account_ids, mates), as_of=now)
        tables["model_releases"] = self.timeline.read("model_releases", until=now)
        return add_activity(add_asked(snapshot, edges), tables, now)

    def _asked(self, account_ids: Sequence[str], now: int) -> pl.DataFrame:
        state = self.last.state
        recent = self.timeline.read("requests", since=self.last.as_of, until=now)
        mine = pl.Series(recent["account_id"].to_pylist(), dtype=pl.String).is_in(list(account_ids))
        requests = recent.filter(mine.to_arrow())
        assert state.edges is not None
        return asked_by(requests, state.asked, state.edges, account_ids)
