"""Acting together: moments shared beyond what rates and hours explain, and talks handed over.

Every account's moments are cut into bins, :data:`BINS` of them a window, at two scales
(:data:`SCALES`): a scheduler that blurs its moments by an hour is seen at the coarse one. The null
is matched: within each window an account keeps the number of bins it was active in, and only
*which* bins is left to chance: with the chances of the whole population at those very bins, so that
the rush after lunch is expected of everybody, or with the account's own habit at that time of its
*other* days, so that a job that runs at three every night is expected at three. What remains is
lockstep. It knows nothing of rings: :mod:`graph.rings.evidence_timing` weighs it for groups.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from graph.rings.inputs import DAY_US, HOUR_US, Bools, Columns, Floats, Ints, RingInputs, distinct

BIN_US = HOUR_US // 6
BINS = 12
"""Bins a window; a day is a whole number of windows at every scale."""
SCALES = (BIN_US, HOUR_US)
"""Widths of a bin: ten minutes in windows of two hours, an hour in windows of twelve."""
PRIOR_ACTIVE = 24.0
"""Accounts' worth of evenness mixed into the population's bins, so that few say little."""
PRIOR_HABIT = 3.0
"""Moments' worth of evenness mixed into an account's own habits."""
PAIR_CAP = 6.0
"""Most nats that moments in common may tie a pair by."""
MAX_HANDED = 8
"""A conversation on more accounts than this is a shared text, not a talk handed over."""

HANDED_WITHIN_US = DAY_US


@dataclass(frozen=True)
class Moments:
    """Which account was active in which bin of ``bin_us`` microseconds, each pair once.

    Shapes: account, bin int64 [E], ascending by account then bin; ``size`` accounts.
    """

    account: Ints
    bin: Ints
    size: int
    bin_us: int = BIN_US

    @classmethod
    def of(cls, events: Columns, size: int, bin_us: int = BIN_US) -> "Moments":
        """The moments of ``events``."""
        bins = events.at // bin_us
        width = int(bins.max(initial=0)) + 1
        pair = distinct(events.account * width + bins)
        return cls(pair // width, pair % width, size, bin_us)

    @cached_property
    def crowd(self) -> tuple[Ints, Floats]:
        """Active accounts in every bin that has any."""
        bins, active = np.unique(self.bin, return_counts=True)
        return bins, active.astype(np.float64)

    @cached_property
    def windows(self) -> tuple[Ints, Floats, Floats]:
        """Windows with any activity, and over their bins: the sum of active accounts, of squares.

        Each bin is evened out by its part of :data:`PRIOR_ACTIVE`; silent bins count.
        """
        bins, active = self.crowd
        windows, place = np.unique(bins // BINS, return_inverse=True)
        even = PRIOR_ACTIVE / BINS
        total = np.bincount(place, weights=active).astype(np.float64) + PRIOR_ACTIVE
        squares = np.bincount(place, weights=(active + even) ** 2)
        squares = squares + (BINS - np.bincount(place)) * even**2
        return windows, total, squares.astype(np.float64)

    @cached_property
    def coincidence(self) -> tuple[Ints, Floats]:
        """Windows, and the chance that two moments of one share a bin."""
        windows, total, squares = self.windows
        return windows, squares / np.square(total)

    @cached_property
    def habits(self) -> "Habits":
        """Where in each of its windows every account is expected by its other days."""
        width = int(self.bin.max(initial=0)) // BINS + 1
        pair, place = np.unique(self.account * width + self.bin // BINS, return_inverse=True)
        account, window = pair // width, pair % width
        here = np.zeros((len(pair), BINS))
        here[place, self.bin % BINS] = 1.0
        slots = DAY_US // (self.bin_us * BINS)
        slot = account * slots + window % slots
        _, home = np.unique(slot, return_inverse=True)
        always = np.zeros((int(home.max(initial=-1)) + 1, BINS))
        np.add.at(always, home, here)
        else_ = always[home] - here + PRIOR_HABIT / BINS
        active = here.sum(axis=1)
        expected = active[:, None] * else_ / else_.sum(axis=1, keepdims=True)
        return Habits(account, window, active, expected)

    def select(self, accounts: Bools) -> "Moments":
        """The moments of the accounts that the mask marks, under the same numbers."""
        keep = accounts[self.account]
        return Moments(self.account[keep], self.bin[keep], self.size, self.bin_us)


@dataclass(frozen=True)
class Habits:
    """Every account in every window it was active in.

    Shapes: account, window int64 [P]; active float64 [P] (bins); expected float64 [P, BINS] (how
    much of ``active`` its other days put into each bin).
    """

    account: Ints
    window: Ints
    active: Floats
    expected: Floats


def lockstep_pairs(moments: Moments, accounts: Ints) -> sparse.csr_array:
    """Nats by which moments in common tie pairs among ``accounts``, [len, len] in their order.

    ``o log(o / e) - (o - e)`` for ``o`` bins in common where the matched null expects ``e`` (a
    Poisson log-likelihood ratio), where ``o > e``, at most :data:`PAIR_CAP`.
    """
    size = len(accounts)
    place = np.full(moments.size, -1, np.int64)
    place[accounts] = np.arange(size)
    inside = place[moments.account] >= 0
    row, bins = place[moments.account[inside]], moments.bin[inside]
    seen = _incidence(row, bins, np.ones(len(row)), size)
    together = (seen @ seen.T).tocoo()
    apart = together.row != together.col
    i, j, o = together.row[apart], together.col[apart], together.data[apart]
    if not len(i):  # scipy gives a sparse array, not numbers, for no pairs at all
        return sparse.csr_array((size, size))
    by_crowd, by_habit = _expected(moments, place, size)
    e = np.maximum(np.asarray(by_crowd[i, j]).ravel(), np.asarray(by_habit[i, j]).ravel())
    e = np.maximum(e, 1e-6)
    nats = np.where(o > e, o * np.log(o / e) - (o - e), 0.0)
    return sparse.csr_array((np.minimum(nats, PAIR_CAP), (i, j)), shape=(size, size))


def _expected(
    moments: Moments, place: Ints, size: int
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Bins that pairs have in common by the population's chances, and by their own habits."""
    habits = moments.habits
    rows = np.flatnonzero(place[habits.account] >= 0)
    who, window = place[habits.account[rows]], habits.window[rows]
    windows, chance = moments.coincidence
    share = np.sqrt(chance[np.searchsorted(windows, window)])
    crowd = _incidence(who, window, habits.active[rows] * share, size)
    cells = (window[:, None] * BINS + np.arange(BINS)).ravel()
    habit = _incidence(np.repeat(who, BINS), cells, habits.expected[rows].ravel(), size)
    return (crowd @ crowd.T).tocsr(), (habit @ habit.T).tocsr()


def _incidence(row: Ints, column: Ints, value: Floats, size: int) -> sparse.csr_array:
    _, place = np.unique(column, return_inverse=True)
    width = int(place.max(initial=-1)) + 1
    return sparse.csr_array((value, (row, place)), shape=(size, max(width, 1)))


@dataclass(frozen=True)
class Handovers:
    """Conversations begun on one account and gone on with on another.

    Shapes: account, talk int64 [E] (an account's part in a talk, once), at int64 [E] (us, its
    first moment there).
    """

    account: Ints
    talk: Ints
    at: Ints

    def __len__(self) -> int:
        return len(self.account)


def handovers(inputs: RingInputs) -> Handovers:
    """Talks on two to :data:`MAX_HANDED` accounts.

    By conversation id where events carry one; else by the digest of the first turn, if one account
    went on (a turn after the first) with what only another had begun.
    """
    parts = [part for part in (_by_id(inputs), _by_prefix(inputs)) if len(part)]
    if not parts:
        none = np.empty(0, np.int64)
        return Handovers(none, none, none)
    offset = np.cumsum([0] + [int(part.talk.max()) + 1 for part in parts[:-1]])
    return Handovers(
        np.concatenate([part.account for part in parts]),
        np.concatenate([part.talk + o for part, o in zip(parts, offset, strict=True)]),
        np.concatenate([part.at for part in parts]),
    )


def _by_id(inputs: RingInputs) -> Handovers:
    requests = inputs.request_columns
    talk, _ = requests.codes("conversation")
    return _small(requests, talk, np.flatnonzero(talk >= 0))


def _by_prefix(inputs: RingInputs) -> Handovers:
    """Talks by first-turn digest, kept where one account goes on where another left off.

    Two users of one library begin with the same words; only a handover goes on, at a later turn
    and within :data:`HANDED_WITHIN_US`, with what the account itself never began.
    """
    requests = inputs.request_columns
    digest, turn = requests.integers("first_turn_digest"), requests.integers("turn")
    rows = np.flatnonzero(digest != 0)
    if not len(rows) or not (turn[rows] > 1).any():
        return _small(requests, digest, rows[:0])
    _, talk = np.unique(digest[rows], return_inverse=True)
    part, place = np.unique(talk * inputs.size + requests.account[rows], return_inverse=True)
    at, turns = requests.at[rows], np.maximum(turn[rows], 1)
    first, last = np.full(len(part), np.iinfo(np.int64).max), np.zeros(len(part), np.int64)
    low, high = first.copy(), last.copy()
    np.minimum.at(first, place, at)
    np.maximum.at(last, place, at)
    np.minimum.at(low, place, turns)
    np.maximum.at(high, place, turns)
    order = np.lexsort((first, part // inputs.size))
    one, two = order[:-1], order[1:]
    gone_on = (part[one] // inputs.size == part[two] // inputs.size) & (low[two] > high[one])
    gone_on &= first[two] - last[one] <= HANDED_WITHIN_US
    handed = np.zeros(int(talk.max()) + 1, np.bool_)
    handed[(part[two] // inputs.size)[gone_on]] = True
    whole = np.full(len(requests), -1, np.int64)
    whole[rows] = talk
    return _small(requests, whole, rows[handed[talk]])


def _small(requests: Columns, talk: Ints, rows: Ints) -> Handovers:
    """The talks among ``rows`` that are on two to :data:`MAX_HANDED` accounts."""
    width = int(requests.account.max(initial=0)) + 1
    part, first = np.unique(talk[rows] * width + requests.account[rows], return_index=True)
    _, place, holders = np.unique(part // width, return_inverse=True, return_counts=True)
    few = (holders[place] >= 2) & (holders[place] <= MAX_HANDED)
    return Handovers(part[few] % width, place[few], requests.at[rows][first[few]])
