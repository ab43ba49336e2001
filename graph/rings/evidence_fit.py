"""Evidence from what a sign-up leaves out, and from how its plan fits what is done with it.

A form that is filled in by a program leaves the same fields blank, whoever it pretends to be; and
who buys access to resell or to copy uses a plan to its limits, account after account, where others
of the plan rarely come near them. Both are held against accounts of the same pathway or plan, so a
pathway that asks for little or a plan that is made for much says nothing. Read
:mod:`graph.rings.evidence_signup` for the other habits of signing up.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import Floats, Ints, RingInputs
from graph.rings.model import Family
from graph.rings.traits import Trait
from graph.schema import NodeType

FIELDS = (
    "mailbox",
    "email_domain",
    "phone",
    "device",
    "user_agent",
    "country",
    "plan",
    "organisation",
    "referrer_account_id",
)
"""Fields of a sign-up that may stay blank."""
MIN_USERS = 50
"""Users of a plan that make a baseline of its own; else all users are it."""
FIT_CAP = 1.0
ORDINARY = 0.5
"""Most nats by which ordinary use of a plan acquits: a careful ring is ordinary too."""


def left_out(inputs: RingInputs) -> Trait | None:
    """Which fields each account left blank, as a trait; shares are within its pathway."""
    signups = inputs.signup_columns
    fields = [name for name in FIELDS if name in signups.table.column_names]
    if not fields:
        return None
    pathway, pathways = signups.codes("pathway")
    cell = np.zeros(len(signups), np.int64)
    for name in fields:
        blank = np.asarray(signups.table[name].combine_chunks().is_null(), dtype=np.int64)
        cell = 2 * cell + blank
    cell = (pathway + 1) * 2 ** len(fields) + cell
    values, place = np.unique(cell, return_inverse=True)
    names = [_name(int(value), fields, ["", *pathways]) for value in values]
    order = np.argsort(np.array(names, object), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    code = np.full(inputs.size, -1, np.int64)
    code[signups.account] = rank[place]
    words = sorted(names)
    known = inputs.usual.of("trait/left_out", lambda: _within_pathways(code, words))
    share = np.array([known.get(word, 0.0) for word in words], np.float64)
    return Trait("left_out", code, share, tuple(words), float(np.square(share).sum()))


def _name(cell: int, fields: list[str], pathways: list[str]) -> str:
    blank = [name for k, name in enumerate(reversed(fields)) if cell >> k & 1]
    return f"{pathways[cell >> len(fields)]}: {' '.join(sorted(blank))}"


def _within_pathways(code: Ints, words: list[str]) -> dict[str, float]:
    held = np.bincount(code[code >= 0], minlength=len(words)).astype(np.float64)
    pathway = [word.split(":", 1)[0] for word in words]
    total: dict[str, float] = {}
    for name, count in zip(pathway, held.tolist(), strict=True):
        total[name] = total.get(name, 0.0) + count
    shares = (n / max(total[p], 1.0) for n, p in zip(held.tolist(), pathway, strict=True))
    return dict(zip(words, shares, strict=True))


def plan_fit(inputs: RingInputs, groups: Groups) -> Iterator[Evidence]:
    """How far members use their plans beyond others of the plan, and what ordinary use says."""
    rank = _rank_in_plan(inputs)
    # Of an honest user the rank is anything from 0 to 1, and -log(1 - rank) is 1 on average.
    far = -np.log(np.maximum(1.0 - rank, 1e-3))
    mean = np.nan_to_num(groups.mean(far), nan=1.0)
    enough = groups.share(~np.isnan(rank)) * groups.sizes >= 4
    # One observation, not one a member: who does the same work (a course, a batch) uses its plan
    # alike, so members are no witnesses independent of each other.
    nats = (mean - 1.0 - np.log(np.maximum(mean, 1e-3))) / 2.0
    observed = np.nan_to_num(groups.mean(rank), nan=0.5)
    yield Evidence(
        "signup.plan_fit",
        Family.SIGNUP,
        np.where(enough & (mean > 1.0), np.clip(nats, 0.0, FIT_CAP), 0.0),
        observed,
        np.full(groups.count, 0.5),
        "the mean member uses its plan more than {observed:.0%} of the plan's users do",
    )
    yield Evidence(
        "counter.plan_fits",
        None,
        np.where(enough & (mean <= 1.0), -ORDINARY * np.clip(2.0 * (1.0 - mean), 0.0, 1.0), 0.0),
        observed,
        np.full(groups.count, 0.5),
        "members use their plans as others do: the mean member more than {observed:.0%} of them",
    )


def _rank_in_plan(inputs: RingInputs) -> Floats:
    """The share of a plan's users that use less of it a day, [N]; NaN for who is idle."""
    requests, size = inputs.request_columns, inputs.size
    rank = np.full(size, np.nan)
    if not len(requests):
        return rank
    tokens = np.nan_to_num(requests.numbers("prompt_tokens"))
    tokens = tokens + np.nan_to_num(requests.numbers("completion_tokens")) + 1.0
    used = np.bincount(requests.account, tokens, size)
    days = inputs.days_active
    active = np.flatnonzero(days >= 2)
    a_day = used[active] / days[active]
    plans = inputs.snapshot.texts(NodeType.ACCOUNT, "plan").take(pa.array(active))
    coded = plans.dictionary_encode()
    plan = np.asarray(coded.indices.cast(pa.int64()).fill_null(len(coded.dictionary)), np.int64)
    rank[active] = _ranked(a_day, np.zeros(len(active), np.int64))
    large = np.bincount(plan)[plan] >= MIN_USERS
    rank[active[large]] = _ranked(a_day[large], plan[large])
    return rank


def _ranked(values: Floats, group: Ints) -> Floats:
    """The middle rank of each value in its group, between 0 and 1; equal values rank equally."""
    pairs = np.stack([group.astype(np.float64), values], axis=1)
    _, place, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    place = place.ravel()
    first = np.cumsum(count) - count
    start = np.r_[0, np.cumsum(np.bincount(group))]
    size = np.bincount(group)[group]
    ranks: Floats = (first[place] - start[group] + count[place] / 2.0) / np.maximum(size, 1)
    return ranks
