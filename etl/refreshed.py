"""What one refresh found, and what it hands to the next.

The job that finds it is :mod:`etl.refresh`; what people and scores are shown of it is made by
:mod:`etl.shown`. It decides nothing but how a ring raises its members' scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from etl.asked import Asked
from gnn.scorer import AccountScores
from graph.rings import RingInputs, Rings, Standing
from graph.schema import NodeType
from graph.snapshot import Snapshot

FLAGS = {"account_id": pl.String, "score": pl.Float64, "ring_id": pl.String}


@dataclass(frozen=True)
class RefreshState:
    """What one refresh hands to the next: prompt clusters and rings under their lasting ids."""

    asked: Asked
    number: int = 0
    rings: Rings | None = None
    edges: pl.DataFrame | None = None
    standing: Standing | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh found.

    ``flags`` (``account_id``, ``score``, ``ring_id``) are the accounts that call for action as of
    the moment, by their own score or as members of a ring that does; ``ring_id`` is null for the
    former. ``inputs`` holds the snapshot, with activity and prompt edges as the scores saw them.
    """

    as_of: int
    state: RefreshState
    inputs: RingInputs
    rings: Rings
    scores: AccountScores | None
    flags: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FLAGS))

    @cached_property
    def score(self) -> npt.NDArray[np.float64]:
        """What is published of each account, 0..1: its own score, raised by its ring's; [N]."""
        keys = self.snapshot.keys(NodeType.ACCOUNT).to_pylist()
        own = np.zeros(len(keys)) if self.scores is None else self.scores.score
        return raised(own, keys, self.acted_on)

    @property
    def acted_on(self) -> pl.DataFrame:
        """The flags that a ring brought: ``account_id``, ``score`` of the ring, ``ring_id``."""
        return self.flags.filter(pl.col("ring_id").is_not_null())

    @property
    def snapshot(self) -> Snapshot:
        """The graph as of the refresh, with activity and prompt edges."""
        return self.inputs.snapshot


def raised(
    own: npt.NDArray[np.float64], keys: Sequence[str], acted_on: pl.DataFrame
) -> npt.NDArray[np.float64]:
    """Scores [N] with what a ring says of the members that are acted on for it.

    An account escapes suspicion only if its own behaviour and its ring both let it:
    ``1 - (1 - own) (1 - ring)``. A ring raises no bystander.
    """
    held = dict(acted_on.select("account_id", "score").iter_rows())
    ring = np.array([held.get(key, 0.0) for key in keys], np.float64)
    both: npt.NDArray[np.float64] = 1.0 - (1.0 - own) * (1.0 - ring)
    return both
