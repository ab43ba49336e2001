"""A ring in brief, for the queue: how many identifiers its accounts share by kind, and its growth.

Computed for all rings of a refresh at once, as one product of sparse matrices a relation, so that a
list of rings asks the store for nothing but the rings. It knows nothing of scores.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from graph.rings.inputs import DAY_US, Ints, RingInputs
from graph.rings.model import Rings
from graph.schema import EDGE_OF, NodeType, node_id

CROWDED = 1_000
"""Holders from which a thing says nothing of who shares it."""
NAMED = 40
_MOST = (0.1, 0.9)
COUNTS = ("new_accounts_24h", "exchanges_24h", "exchanges_7d")


def briefs(rings: Rings, inputs: RingInputs) -> dict[str, dict[str, Any]]:
    """What the queue shows, by ring.

    ``identifiers`` (kind -> how many of them two or more members share), ``shared`` (ids of the
    :data:`NAMED` that say most), ``new_accounts_24h`` (members who signed up in the last day),
    ``exchanges_24h`` and ``exchanges_7d`` (what members asked in the last day and week: what goes
    on being lost while nobody decides), ``pathway`` (by which most members came, None where none is
    known) and ``signed_up`` (between which moments (us) all but the first and last tenth did).
    """
    nothing = {"pathway": None, "signed_up": None, **dict.fromkeys(COUNTS, 0)}
    found: dict[str, dict[str, Any]] = {
        ring.ring_id: {"identifiers": {}, "shared": [], **nothing} for ring in rings
    }
    if not len(rings) or not inputs.size:
        return found
    inside = _inside(rings, inputs)
    for ring, counts in zip(rings, (inside @ _lately(inputs)).tolist(), strict=True):
        found[ring.ring_id].update(zip(COUNTS, counts, strict=True))
    for ring, came in zip(rings, _came(inside, inputs), strict=True):
        found[ring.ring_id].update(came)
    ranked: list[list[tuple[float, str]]] = [[] for _ in rings.rings]
    for kind, rows, keys, members, degree in _shared(inside, inputs):
        for row, key, held, all_held in zip(rows, keys, members, degree, strict=True):
            counts = found[rings.rings[row].ring_id]["identifiers"]
            counts[kind.value] = counts.get(kind.value, 0) + 1
            ranked[row].append((-held * held / all_held, node_id(kind, key)))
    for ring, things in zip(rings, ranked, strict=True):
        found[ring.ring_id]["shared"] = [identity for _, identity in sorted(things)[:NAMED]]
    return found


def _lately(inputs: RingInputs) -> Ints:
    """What :data:`COUNTS` count of each account, [N, 3]."""
    requests = inputs.request_columns
    asked = [
        np.bincount(requests.account[requests.at > inputs.as_of - span], minlength=inputs.size)
        for span in (DAY_US, 7 * DAY_US)
    ]
    young = (inputs.created_at > inputs.as_of - DAY_US).astype(np.int64)
    return np.stack([young, *asked], axis=1)


def _came(inside: sparse.csr_array, inputs: RingInputs) -> Iterator[dict[str, Any]]:
    """Ring by ring by which pathway its accounts came, and when."""
    accounts = inputs.snapshot.nodes[NodeType.ACCOUNT]
    pathways = accounts["pathway"].to_pylist() if "pathway" in accounts.column_names else []
    for members in np.split(inside.indices, inside.indptr[1:-1]):
        known = Counter(pathways[row] for row in members if pathways and pathways[row])
        most = min(known, key=lambda name: (-known[name], name), default=None)
        moments = inputs.created_at[members]
        ends = np.quantile(moments, _MOST, method="nearest").tolist() if len(moments) else None
        yield {"pathway": most, "signed_up": ends}


def _inside(rings: Rings, inputs: RingInputs) -> sparse.csr_array:
    """Who is in which ring, [R, N] of 0 and 1."""
    names = [(row, member.account_id) for row, ring in enumerate(rings) for member in ring.members]
    account = inputs.rows_of(name for _, name in names)
    row = np.array([row for row, _ in names], np.int64)
    known = account >= 0
    ones = np.ones(int(known.sum()), np.int64)
    shape = (len(rings), inputs.size)
    return sparse.csr_array((ones, (row[known], account[known])), shape=shape)


def _shared(
    inside: sparse.csr_array, inputs: RingInputs
) -> Iterator[tuple[NodeType, list[int], list[str], list[int], list[int]]]:
    """For each kind the things that several members of a ring hold: rings, keys, holders."""
    snapshot = inputs.snapshot
    for verb in sorted(snapshot.edges):
        spec = EDGE_OF[verb]
        if spec.source is not NodeType.ACCOUNT or spec.target is NodeType.ACCOUNT:
            continue
        source, target = snapshot.ends(verb)
        shape = (inputs.size, snapshot.size(spec.target))
        held = sparse.csr_array((np.ones(len(source), np.int64), (source, target)), shape=shape)
        degree = np.bincount(target, minlength=shape[1])
        common = (inside @ held).tocoo()
        several = (common.data >= 2) & (degree[common.col] < CROWDED)
        things = common.col[several]
        yield (
            spec.target,
            common.row[several].tolist(),
            snapshot.keys(spec.target).take(pa.array(things)).to_pylist(),
            common.data[several].tolist(),
            degree[things].tolist(),
        )
