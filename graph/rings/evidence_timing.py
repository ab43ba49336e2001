"""Evidence from time: lockstep, handover, equal load, sleepers, replacements.

Each is held against the population or against reference groups of the same data (people who share
an office or a home and nothing else keep some time in common too). What a shared place explains is
taken off in :mod:`graph.rings.counter`. Read :mod:`graph.rings.timing` for the matched null.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, Bools, Floats, Ints, RingInputs, distinct
from graph.rings.model import Family
from graph.rings.timing import BINS, PRIOR_ACTIVE, Handovers, Moments

CAP = 6.0
MIN_REFERENCE = 20
USUAL_RATIO, USUAL_SPREAD = 0.3, 0.3
"""Log-ratio of moments in common of honest groups, where the data hold too few to learn it from."""
ACROSS = 0.5
"""Share (0..1) of a group that talks tie to one another, from which they run through all of it."""
GAP_US = 7 * DAY_US
"""A silence this long is sleep."""
REPLACED_US = 2 * DAY_US
MIN_PAIRS_SEEN = 5.0
"""Moments in common (a group and all its bins) under which lockstep is not judged."""


@dataclass(frozen=True)
class Clock:
    """What the timing evidence looks at.

    ``moments`` are of every scale, finest first; ``reference`` marks groups held by possessions
    alone [G]; ``held`` ties accounts by possessions [N, N].
    """

    inputs: RingInputs
    moments: tuple[Moments, ...]
    handed: Handovers
    groups: Groups
    reference: Bools
    held: sparse.csr_array


def timing(clock: Clock) -> Iterator[Evidence]:
    """All timing evidence about every group."""
    yield lockstep(clock)
    yield from handover(clock)
    yield equal_load(clock)
    yield awakening(clock)
    yield replacement(clock)


def _against(value: Floats, usual: float, spread: Floats) -> Floats:
    """Nats of a Gaussian ``value`` that far above the usual, less two for looking; 0..CAP."""
    far = np.maximum((value - usual) / spread, 0.0)
    return np.clip(np.square(far) / 2.0 - 2.0, 0.0, CAP)


def member_moments(moments: Moments, groups: Groups) -> tuple[Floats, Floats]:
    """Moments each account has in common with its group, and how many its rates explain, [N].

    The null is the rest of the population (a group's own activity is taken out of it) or the
    members' own habits, whichever explains more.
    """
    label = groups.label
    inside = label[moments.account] >= 0
    width = int(moments.bin.max(initial=0)) + 1
    key = label[moments.account[inside]] * width + moments.bin[inside]
    cell, place, active = np.unique(key, return_inverse=True, return_counts=True)
    observed = np.bincount(
        moments.account[inside], weights=active[place] - 1.0, minlength=moments.size
    )
    habits = moments.habits
    held = np.flatnonzero(label[habits.account] >= 0)
    account, window, bins = habits.account[held], habits.window[held], habits.active[held]
    spans = width // BINS + 1
    home, place = np.unique(label[account] * spans + window, return_inverse=True)
    total = np.bincount(place, weights=bins, minlength=len(home))
    bin_home = np.searchsorted(home, cell // width * spans + cell % width // BINS)
    chance = _chance_without(moments, home % spans, (bin_home, cell % width, active))
    by_crowd = bins * (total[place] - bins) * chance[place]
    own = habits.expected[held]
    group = np.zeros((len(home), BINS))
    np.add.at(group, place, own)
    by_habit = (own * (group[place] - own)).sum(axis=1)
    expected = np.bincount(account, np.maximum(by_crowd, by_habit), moments.size)
    return observed.astype(np.float64), expected.astype(np.float64)


def _chance_without(moments: Moments, window: Ints, own: tuple[Ints, Ints, Ints]) -> Floats:
    """Chance that two moments share a bin, for each group's window, by everybody else's bins.

    Shapes: window [H]; ``own`` the group's bins: place in [H], bin, active members; result [H].
    """
    home, bin_, members = own
    bins, active = moments.crowd
    windows, total, squares = moments.windows
    everybody = active[np.searchsorted(bins, bin_)] + PRIOR_ACTIVE / BINS
    less = np.bincount(home, everybody**2 - (everybody - members) ** 2, len(window))
    fewer = np.bincount(home, members, len(window))
    row = np.searchsorted(windows, window)
    chance: Floats = (squares[row] - less) / np.square(total[row] - fewer)
    return chance


def lockstep(clock: Clock) -> Evidence:
    """Moments in common beyond the matched null, at the scale that shows most of them."""
    fine, *coarse = (_in_step(clock, moments) for moments in clock.moments)
    for other in coarse:
        # Two looks find by chance twice what one does.
        less = replace(other, weight=np.maximum(other.weight - np.log(2.0), 0.0))
        fine = fine.where_heavier(less)
    return fine


def _in_step(clock: Clock, moments: Moments) -> Evidence:
    """Moments in common at one scale, against groups that only share possessions."""
    groups = clock.groups
    observed, expected = member_moments(moments, groups)
    inside = groups.label >= 0
    seen = np.bincount(groups.label[inside], observed[inside], groups.count) / 2.0
    usual = np.bincount(groups.label[inside], expected[inside], groups.count) / 2.0
    ratio = np.log((seen + 1.0) / (usual + 1.0))
    firm = (seen >= MIN_PAIRS_SEEN) & (groups.sizes >= 4)
    noise = 1.0 / (seen + 1.0)
    middle, spread = _reference(ratio[firm & clock.reference], noise[firm & clock.reference])
    evident = seen * np.log(np.maximum(seen, 1e-9) / np.maximum(usual, 1e-9)) - (seen - usual)
    weight = np.where(
        firm & (evident > 5.0), _against(ratio, middle, np.sqrt(spread**2 + noise)), 0.0
    )
    return Evidence(
        "timing.lockstep",
        Family.TIMING,
        weight,
        np.exp(ratio),
        np.full(groups.count, float(np.exp(middle))),
        "members are active in the same few minutes or the same hour {observed:.1f} times as often "
        "as their rates and hours explain; groups that share only a home or office: {usual:.1f} "
        "times",
    )


def _reference(values: Floats, noise: Floats) -> tuple[float, float]:
    """Median of the reference groups, and how far they really differ beyond counting noise.

    The spread is that of the lower half: rings that share a card or an address are among the
    references too, and they are all on the upper side.
    """
    if len(values) < MIN_REFERENCE:
        return USUAL_RATIO, USUAL_SPREAD
    low, middle = (float(q) for q in np.quantile(values, [0.16, 0.5]))
    real = (middle - low) ** 2 - float(np.median(noise))
    return max(middle, 0.0), float(np.sqrt(max(real, 0.15**2)))


def handover(clock: Clock) -> tuple[Evidence, Evidence]:
    """Members who go on with a talk that another member began, possessions not in common.

    A team that shares cards and desks hands its talks over too; that ties it no further. The usual
    is what acquainted people do, where the data know any: groups that share an office or a home.
    Friends among the readers of a library hand over to each other; where talks run through the
    whole group (:data:`ACROSS`), one hand passes them on, which no library explains.
    """
    groups, handed = clock.groups, _between_strangers(clock)
    label = groups.label[handed.account]
    width = int(handed.talk.max(initial=0)) + 1
    inside = label >= 0
    key, holders = np.unique(label[inside] * width + handed.talk[inside], return_counts=True)
    within = np.isin(label * width + handed.talk, key[holders >= 2]) & inside
    tied = np.zeros(len(groups.label), np.bool_)
    tied[handed.account[within]] = True
    share = groups.share(tied)
    acquainted = clock.inputs.usual.of(
        "timing.handover", lambda: _acquainted(share[clock.reference & (groups.sizes >= 4)])
    )
    usual = np.maximum(
        _share_of_others(groups, handed.account, clock.moments[0].account), acquainted
    )
    weight = np.where(share > usual, 2.0 * _bernoulli(share, usual), 0.0)
    across = _run_across(groups, handed.account[within], handed.talk[within]) >= ACROSS
    some = Evidence(
        "timing.handover",
        Family.TIMING,
        np.where(across, 0.0, np.minimum(weight, CAP)),
        share,
        usual,
        "{observed:.0%} of members go on with conversations begun on another member's account; "
        "{usual:.1%} is usual among people who know each other",
    )
    through = replace(
        some,
        code="timing.relay",
        weight=np.where(across, np.minimum(weight, CAP), 0.0),
        sentence="{observed:.0%} of members go on with conversations begun on another member's "
        "account, and most of the group is tied together so; {usual:.1%} is usual among people "
        "who know each other",
    )
    return some, through


def _run_across(groups: Groups, account: Ints, talk: Ints) -> Floats:
    """Share of each group's members in the largest part that its talks tie together, [G].

    ``account`` and ``talk`` [H] are parts in talks inside a group.
    """
    size, label = len(groups.label), groups.label[account]
    own = np.unique(label * (int(talk.max(initial=0)) + 1) + talk, return_inverse=True)[1]
    both = size + int(own.max(initial=-1)) + 1
    ties = sparse.coo_array((np.ones(len(own)), (account, size + own)), shape=(both, both))
    part = sparse.csgraph.connected_components(ties, directed=False)[1][account]
    met = distinct(part.astype(np.int64) * size + account)
    _, first, held = np.unique(met // size, return_index=True, return_counts=True)
    most = np.zeros(groups.count)
    np.maximum.at(most, groups.label[met[first] % size], held.astype(np.float64))
    share: Floats = most / np.maximum(groups.sizes, 1)
    return share


def _acquainted(shares: Floats) -> float:
    """How much people who share an office or a home hand over, where the data know enough."""
    return float(shares.mean()) if len(shares) >= MIN_REFERENCE else 0.0


def _between_strangers(clock: Clock) -> Handovers:
    """Each account's parts in talks with an account it shares no possession with."""
    handed = clock.handed
    order = np.lexsort((handed.account, handed.talk))
    one, two = order[:-1], order[1:]
    one, two = (side[handed.talk[one] == handed.talk[two]] for side in (one, two))
    held = np.zeros(len(one))
    if len(one):
        held = np.asarray(clock.held[handed.account[one], handed.account[two]]).ravel()
    rows = distinct(np.concatenate([one[held <= 0], two[held <= 0]]))
    return Handovers(handed.account[rows], handed.talk[rows], handed.at[rows])


def _share_of_others(groups: Groups, some: Ints, everybody: Ints) -> Floats:
    """Of the accounts in ``everybody`` outside each group, the share in ``some``, [G]."""
    hit, known = np.zeros(len(groups.label), np.bool_), np.zeros(len(groups.label), np.bool_)
    hit[some], known[everybody] = True, True
    own_hits, own_known = groups.share(hit) * groups.sizes, groups.share(known) * groups.sizes
    share = (hit.sum() - own_hits + 1.0) / (known.sum() - own_known + 2.0)
    return np.asarray(np.clip(share, 1e-4, 0.5), np.float64)


def _bernoulli(share: Floats, usual: Floats | float) -> Floats:
    """Mean nats a member of a share of ``share`` where ``usual`` is expected."""
    some = np.clip(share, 1e-6, 1 - 1e-6)
    nats: Floats = some * np.log(some / usual) + (1 - some) * np.log((1 - some) / (1 - usual))
    return nats


def equal_load(clock: Clock) -> Evidence:
    """Members that send nearly the same number of requests on the days they work."""
    requests, groups = clock.inputs.request_columns, clock.groups
    days = clock.inputs.days_active
    total = np.bincount(requests.account, minlength=clock.inputs.size)
    load = np.log(np.where(days >= 3, total / np.maximum(days, 1), np.nan))
    known = load[~np.isnan(load)]
    usual = float(np.std(known)) if len(known) >= 50 else np.nan
    spread = np.sqrt(np.maximum(groups.mean(load**2) - groups.mean(load) ** 2, 0.0))
    count = np.bincount(groups.label[(groups.label >= 0) & ~np.isnan(load)], minlength=groups.count)
    weight = np.clip(np.log(usual / np.maximum(spread, 0.05)), 0.0, 1.5)
    weight = np.where(count >= 5, np.nan_to_num(weight), 0.0)
    return Evidence(
        "timing.equal_load",
        Family.TIMING,
        weight,
        np.exp(np.nan_to_num(spread)),
        np.full(groups.count, np.exp(np.nan_to_num(usual))),
        "members' requests a working day differ by a factor of {observed:.1f}; "
        "those of all accounts by {usual:.1f}",
    )


def awakening(clock: Clock) -> Evidence:
    """Accounts that slept for a week or more and woke within two days of each other."""
    requests, groups = clock.inputs.request_columns, clock.groups
    order = np.lexsort((requests.at, requests.account))
    account, at = requests.account[order], requests.at[order]
    previous = np.where(np.r_[True, np.diff(account) != 0], -1, np.r_[-1, at[:-1]])
    opened = clock.inputs.created_at[account]
    slept = at - np.where(previous >= 0, previous, opened) >= GAP_US
    woke = distinct(account[slept] * 100_000 + at[slept] // REPLACED_US)
    who, when = woke // 100_000, woke % 100_000
    share, usual = _busiest(groups, who, when), _busiest_usual(clock, when)
    weight = np.where(share > usual, 2.0 * _bernoulli(share, usual), 0.0)
    return Evidence(
        "timing.woke_together",
        Family.TIMING,
        np.where(groups.sizes >= 4, np.clip(weight - 1.0, 0.0, 4.0), 0.0),
        share,
        np.full(groups.count, usual),
        "{observed:.0%} of members woke from a week or more of silence within the same two days; "
        "{usual:.1%} of all accounts in their busiest two days",
    )


def _busiest(groups: Groups, who: Ints, when: Ints) -> Floats:
    """Share of each group's members in its busiest period, [G]."""
    label = groups.label[who]
    inside = label >= 0
    width = int(when.max(initial=0)) + 1
    cell, woke = np.unique(label[inside] * width + when[inside], return_counts=True)
    most = np.zeros(groups.count)
    np.maximum.at(most, cell // width, woke.astype(np.float64))
    share: Floats = most / np.maximum(groups.sizes, 1)
    return share


def _busiest_usual(clock: Clock, when: Ints) -> float:
    size = clock.inputs.usual.of("accounts", lambda: clock.inputs.size)
    counts = np.bincount(when) if len(when) else np.zeros(1)
    return float(np.clip((counts.max() + 1.0) / max(size, 1), 1e-3, 0.5))


def replacement(clock: Clock) -> Evidence:
    """Members that appear within two days of another's ban, one a ban, beyond the own pace."""
    inputs, groups = clock.inputs, clock.groups
    events = inputs.enforcement_columns
    action, names = events.codes("action")
    bans = np.flatnonzero(action == names.index("ban")) if "ban" in names else action[:0]
    weight, seen = np.zeros(groups.count), np.zeros(groups.count)
    usual = np.zeros(groups.count)
    label = groups.label[events.account[bans]] if len(bans) else bans
    for group in distinct(label[label >= 0]):
        times = events.at[bans[label == group]]
        joined = np.sort(inputs.created_at[groups.members(int(group))])
        seen[group], usual[group] = _replaced(times, joined)
        if seen[group] >= 3 and seen[group] > usual[group]:
            nats = seen[group] * np.log(seen[group] / usual[group]) - seen[group] + usual[group]
            weight[group] = min(nats / 2.0, 4.0)
    return Evidence(
        "timing.ban_and_replace",
        Family.TIMING,
        weight,
        seen,
        usual,
        "{observed:.0f} bans of members were each followed by a sign-up of another within two "
        "days; the group's own pace explains {usual:.1f}",
    )


def _replaced(bans: Ints, joined: Ints) -> tuple[float, float]:
    """Bans that a sign-up of their own follows within two days, and how many would by chance.

    Chance is the more of what the group's even pace explains and of what the two days *before*
    each ban show: a rush of sign-ups around bans replaces nobody.
    """
    starts = np.sort(bans)
    span = max(float(joined[-1] - joined[0]), float(REPLACED_US))
    pace = 1.0 - np.exp(-len(joined) * REPLACED_US / span)
    before = _paired(np.sort(-starts), np.sort(-joined))
    return _paired(starts, joined), max(before, pace * len(starts), 0.1)


def _paired(starts: Ints, joined: Ints) -> float:
    """How many of ``starts`` have an element of ``joined`` of their own soon after them."""
    pairs, free = 0, 0
    for start in starts.tolist():
        free = max(free, int(np.searchsorted(joined, start, side="right")))
        if free < len(joined) and joined[free] <= start + REPLACED_US:
            pairs, free = pairs + 1, free + 1
    return float(pairs)
