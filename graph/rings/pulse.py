"""When known rings work, beside everybody: what an account's moments say of its belonging to one.

A moment is a bin of ten minutes (:data:`graph.rings.timing.BIN_US`), once an account however much
it asks in it. Of two stories of the same moment, one says that the account works when the ring did
that day, the other that it works when anybody did; their ratio is learnt from what is seen, so a
rush that everybody is in says nothing, and a scheduler's tick says much at the first request. How
far the first story is to be believed is the share of the ring's own moments that two members have
in common: a ring without a schedule has none. It keeps sets and counts, so neither the order of
events nor their repetition matters. Read :mod:`graph.rings.live` for who asks.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from graph.rings.inputs import DAY_US, Bools, Floats, Ints
from graph.rings.timing import BIN_US, Moments

DAY = DAY_US // BIN_US
"""Bins of a day."""
DOUBT = 12.0
"""Moments' worth of everybody's hours mixed into a ring's own: few moments of it say little."""
EVEN = 0.5
"""Accounts' worth of evenness in every bin of everybody's day."""


@dataclass(slots=True)
class _Works:
    """A ring's moments: who of it worked in each bin, how many did by day; pairs seen once."""

    who: dict[int, set[str]] = field(default_factory=dict)
    by_day: Counter[int] = field(default_factory=Counter)
    total: int = 0
    together: int = 0

    def take(self, account_id: str, moment: int) -> bool:
        """Whether this member was not known to work in that bin."""
        here = self.who.setdefault(moment, set())
        if account_id in here:
            return False
        here.add(account_id)
        self.by_day[moment // DAY] += 1
        self.total += 1
        self.together += _in_common(len(here))
        return True

    def together_without(self, mine: Iterable[int]) -> int:
        """Moments in common of all but one account, whose moments here are ``mine``."""
        return self.together - sum(_in_common(len(self.who[moment])) for moment in mine)


def _in_common(members: int) -> int:
    """Moments in common that the last of so many members brought: the second makes two at once."""
    return {1: 0, 2: 2}.get(members, 1)


class Pulse:
    """``Pulse(3)``: the moments of three rings, by number, and of everybody."""

    def __init__(self, rings: int) -> None:
        self._rings = [_Works() for _ in range(rings)]
        self._crowd: Counter[int] = Counter()
        self._crowd_by_day: Counter[int] = Counter()

    def worked(self, ring: int, account_id: str, at: int) -> None:
        """A member of ``ring`` asked at ``at`` (us)."""
        if self._rings[ring].take(account_id, at // BIN_US):
            self._passed(at // BIN_US)

    def asked(self, own: set[int], at: int) -> None:
        """An account in no ring asked at ``at`` (us); its moments so far are in ``own``."""
        if at // BIN_US not in own:
            own.add(at // BIN_US)
            self._passed(at // BIN_US)

    def follows(self, ring: int, account_id: str, moments: Iterable[int]) -> None:
        """An account that :meth:`asked` in these bins is taken for one of ``ring`` that works."""
        for moment in moments:
            self._rings[ring].take(account_id, moment)

    def nats(self, ring: int, own: Iterable[int], follower: str | None = None) -> float:
        """The log of how much likelier the moments ``own`` are of a member than of anybody.

        A ``follower`` of the ring is held against the others: its own moments say nothing of it.
        """
        own, works = set(own), self._rings[ring]
        mine = {m for m in own if follower in works.who.get(m, ())} if follower else set()
        belief = works.together_without(mine) / (works.total - len(mine) + DOUBT)
        if belief <= 0:
            return 0.0
        days = Counter(moment // DAY for moment in mine)
        told = [
            self._ratio(works, moment, moment in mine, days[moment // DAY])
            for moment in own
            if works.by_day[moment // DAY] > days[moment // DAY]
        ]
        # fsum: the same to the last digit in any order
        return math.fsum(math.log(belief * ratio + 1.0 - belief) for ratio in told)

    def _ratio(self, works: _Works, moment: int, here: bool, that_day: int) -> float:
        """How much likelier a bin is of the ring, less the asker's own part in its works."""
        day = moment // DAY
        usual = (self._crowd[moment] + EVEN) / (self._crowd_by_day[day] + EVEN * DAY)
        ours = len(works.who.get(moment, ())) - here
        return (ours + DOUBT * usual) / (works.by_day[day] - that_day + DOUBT) / usual

    def _passed(self, moment: int) -> None:
        self._crowd[moment] += 1
        self._crowd_by_day[moment // DAY] += 1


def pulse_of_members(moments: Moments, member: Bools) -> Floats:
    """What :meth:`Pulse.nats` says of every member of one ring by the works of the others, [N].

    The same in columns, for a refresh that looks at all of them: every member (``member`` [N])
    worked in its ``moments``, everybody else was only there. 0 for who is no member.
    """
    ours = member[moments.account]
    account, bins = moments.account[ours], moments.bin[ours]
    cell, place, who = np.unique(bins, return_inverse=True, return_counts=True)
    if not len(cell):
        return np.zeros(moments.size)
    total = np.bincount(account, minlength=moments.size)
    together = float(who[who > 1].sum())
    brought = np.where(who == 1, 0, np.where(who == 2, 2, 1))[place]
    left = together - np.bincount(account, brought, moments.size)
    belief = left / (len(bins) - total + DOUBT)
    day = bins // DAY
    first = int(day.min())
    by_day = np.bincount(day - first)[day - first]
    own_day = np.unique(
        account * (int(day.max()) + 1) + day, return_inverse=True, return_counts=True
    )
    that_day = own_day[2][own_day[1]]
    usual = _usual(moments, cell)[place]
    times = (who[place] - 1 + DOUBT * usual) / (by_day - that_day + DOUBT) / usual
    says = by_day > that_day
    of = np.maximum(belief, 0.0)[account]
    told = np.where(says, np.log(of * times + 1.0 - of), 0.0)
    return np.asarray(np.bincount(account, told, moments.size), np.float64)


def _usual(moments: Moments, cell: Ints) -> Floats:
    """Everybody's chance, [C], to work in the bins ``cell`` rather than in others of their day."""
    bins, active = moments.crowd
    first = int(bins.min()) // DAY
    by_day = np.bincount(bins // DAY - first, active)
    day = by_day[cell // DAY - first]
    share: Floats = (active[np.searchsorted(bins, cell)] + EVEN) / (day + EVEN * DAY)
    return share
