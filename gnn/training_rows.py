"""What training is given: accounts at several refresh moments, sign-ups at their own, and verdicts.

Everything in a row was known at its moment; verdicts are as of the end of training. Rows that tell
the same story twice are left out: an account comes in again once it has sent half as many requests
more. It knows nothing of models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gnn.features import ACCOUNT_COLUMNS, account_matrix
from gnn.features_signup import Moment
from gnn.known import Known
from gnn.mates import Links
from gnn.voices import Names, names_of
from graph.schema import NodeType
from graph.snapshot import Snapshot

GROWTH = 1.5
_REQUESTS = ACCOUNT_COLUMNS.index("requests")

Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AccountMoment:
    """All accounts at one refresh, by ``keys`` [N]: columns [N, F], links, digests of entities."""

    as_of: int
    keys: tuple[str, ...]
    rows: Rows
    links: Links
    names: Names = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> "AccountMoment":
        """Read a snapshot whose activity is set."""
        keys = tuple(snapshot.keys(NodeType.ACCOUNT).to_pylist())
        links, names = Links.of(snapshot), names_of(snapshot)
        return cls(snapshot.as_of, keys, account_matrix(snapshot), links, names)


@dataclass(frozen=True)
class TrainingRows:
    """Everything that one training sees; ``moments`` and ``signups`` are in the order of time."""

    as_of: int
    known: Known
    moments: Sequence[AccountMoment]
    signups: Sequence[Moment] = ()


@dataclass(frozen=True)
class Roll:
    """Every account of a training by number, and what is known of it.

    ``fraud``, ``banned``, ``legitimate`` are bool [A]; ``known_at`` [A] is when fraud became known
    (us). ``weight`` [A] is how much an account that is not known fraud counts, 1 where nobody says
    otherwise.
    """

    number: Mapping[str, int]
    fraud: Mask
    banned: Mask
    legitimate: Mask
    known_at: Ints
    campaign: Sequence[str | None] = field(default=())
    weight: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(0))

    @classmethod
    def of(cls, rows: TrainingRows) -> "Roll":
        """Call the roll of ``rows``: accounts in order of their ids."""
        names = {key for moment in rows.moments for key in moment.keys}
        names |= {signup.event.account_id for signup in rows.signups}
        number = {name: place for place, name in enumerate(sorted(names))}
        known = rows.known
        return cls(
            number,
            np.array([name in known.fraud for name in number], bool),
            np.array([name in known.banned for name in number], bool),
            np.array([name in known.legitimate for name in number], bool),
            np.array([known.fraud.get(name, 2**62) for name in number], np.int64),
            [known.campaign.get(name) for name in number],
            np.array([known.weight.get(name, 1.0) for name in number], np.float64),
        )

    def numbers(self, keys: Sequence[str]) -> Ints:
        """The numbers of ``keys``, int64 [len(keys)]."""
        return np.array([self.number[key] for key in keys], np.int64)


def chosen(moments: Sequence[AccountMoment], seats: Sequence[Ints], roll: Roll) -> list[Mask]:
    """Which accounts of each moment become training rows.

    An account with requests comes in when it has half as many more than in its last row, and in the
    last moment; never after it was known to be fraud, when it lives another life.
    """
    seen = np.zeros(len(roll.number))
    picks: list[Mask] = []
    for moment, seat in zip(moments, seats, strict=True):
        requests = np.nan_to_num(moment.rows[:, _REQUESTS].astype(np.float64))
        grown = requests >= np.maximum(GROWTH * seen[seat], 1.0)
        pick = (grown | (moment is moments[-1])) & (roll.known_at[seat] > moment.as_of)
        seen[seat[pick]] = requests[pick]
        picks.append(pick)
    return picks
