"""Evidence from the days after a new model came out: who moved to it at once, and who did not.

One operator moves all of his accounts in a day or three; others move when they hear of it. The
usual and its spread are those of all accounts that asked in those days. Read
:mod:`graph.rings.evidence_timing` for the other evidence from time.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from graph.rings.evidence_timing import GAP_US, Clock
from graph.rings.groups import Evidence
from graph.rings.inputs import DAY_US, Bools, Floats
from graph.rings.model import Family

PIVOT_DAYS = (1, 3)
MIN_MOVED = 50
"""Accounts that have to ask in the days after a release before anything is usual about it."""


def pivots(clock: Clock) -> Iterator[Evidence]:
    """For each model new in the data: how much of a group's traffic moved to it, and how soon.

    Members' shares within one day and within three are held against those of all accounts; the
    window that shows more counts. A group that moved no sooner than everybody is so much less one
    operator's, who moves all of his accounts at once.
    """
    requests = clock.inputs.request_columns
    model, names = requests.codes("model")
    if not len(requests):
        return
    start = int(requests.at[0])
    for number, name in enumerate(names):
        rows = np.flatnonzero(model == number)
        first = int(requests.at[rows[0]]) if len(rows) else start
        if first < start + GAP_US:
            continue  # it may well be older than the data
        looks = [_pivot(clock, model == number, first, days, name) for days in PIVOT_DAYS]
        known = [look for look in looks if look is not None]
        if known:
            most = np.max([look.weight for look in known], axis=0)
            taken = np.zeros(clock.groups.count, np.bool_)
            for look in known:
                chosen = (look.weight >= most) & ~taken
                taken |= chosen
                # Two looks find by chance twice what one does.
                less = np.maximum(look.weight - np.log(len(known)), 0.0)
                yield replace(look, weight=np.where(chosen, less, 0.0))
            yield _no_sooner(known[-1], name)


def _pivot(clock: Clock, on_model: Bools, first: int, days: int, name: str) -> Evidence | None:
    """Members' share of traffic on a model in the ``days`` after it came; None where few ask."""
    groups, moved = clock.groups, _moved(clock, on_model, first, days)
    known = moved[~np.isnan(moved)]
    if len(known) < MIN_MOVED:
        return None
    usual, spread = float(known.mean()), max(float(known.std()), 0.05)
    share = np.nan_to_num(groups.mean(moved), nan=usual)
    count = np.bincount(
        groups.label[(groups.label >= 0) & ~np.isnan(moved)], minlength=groups.count
    )
    weight = np.clip(2.0 * (share - usual) / spread, 0.0, 3.0)
    return Evidence(
        "timing.release_pivot",
        Family.TIMING,
        np.where(count >= 4, weight, 0.0),
        share,
        np.full(groups.count, usual),
        f"{{observed:.0%}} of members' traffic was on {name} within {24 * days} hours of its "
        "release; {usual:.0%} of everybody's",
    )


def _no_sooner(look: Evidence, name: str) -> Evidence:
    """Counter-evidence: members who asked in the days after a release and kept to what they used.

    Nothing where hardly anybody moved: then staying tells nobody apart.
    """
    stayed = (look.usual >= 0.1) & (look.observed < look.usual)
    weight = np.where(stayed, np.maximum(-1.0, look.observed / np.maximum(look.usual, 0.1) - 1), 0)
    return Evidence(
        "counter.moved_no_sooner",
        None,
        weight,
        look.observed,
        look.usual,
        f"members moved to {name} no sooner than others: {{observed:.0%}} of their traffic within "
        "three days, {usual:.0%} of everybody's",
    )


def _moved(clock: Clock, on_model: Bools, first: int, days: int) -> Floats:
    """Share of each account's requests in the ``days`` after ``first`` on the model, [N]."""
    requests, size = clock.inputs.request_columns, clock.inputs.size
    soon = (requests.at >= first) & (requests.at < first + days * DAY_US)
    total = np.bincount(requests.account[soon], minlength=size)
    moved = np.bincount(requests.account[soon & on_model], minlength=size)
    return np.where(total >= 3, moved / np.maximum(total, 1), np.nan)
