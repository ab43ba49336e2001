"""What finding rings costs on a graph of a million accounts, behind ``ringsight bench ring-scale``.

The yardstick is scipy's connected components over the same edges in the same process. A day later
one account in a hundred is new, with all it holds, and the finder runs twice: over everything, and
going on from the day before, three times each in turn. All times are medians, CPU seconds of one
thread; the graph has the shape that hurts and no meaning (:mod:`graph.simulate.bulk`), so what is
found is only held to be the same.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from etl.bench.cost import in_turn, peak_gb
from graph.flush import Told
from graph.rings import RingInputs, find
from graph.rings.inputs import DAY_US
from graph.rings.standing import go_on, stand
from graph.schema import EDGE_OF, NodeType
from graph.simulate.bulk import SPAN_US, START_US, bulk
from graph.snapshot import Snapshot

NEW = 0.01
"""Share of accounts, and with them of events, that a day brings."""


def bench_ring_scale(
    accounts: int, edges: int, hub: int, seed: int, progress: Told
) -> Mapping[str, float]:
    """CPU seconds, their ratios, what was looked at, and the largest memory of the process."""
    progress("graph", 0, 4)
    later = with_newcomers(bulk(accounts, edges, hub, seed), seed)
    before = earlier(later, START_US + SPAN_US)
    progress("components", 1, 4)
    (parts,) = in_turn(lambda: components(later))
    progress("the day before", 2, 4)
    last = stand(RingInputs(before, before.as_of))
    progress("everything", 3, 4)

    def told() -> RingInputs:
        """The graph anew for each run, as a refresh is told: what one works out helps no other."""
        return RingInputs(replace(later), later.as_of)

    step = go_on(last, told())
    whole, went_on = in_turn(lambda: find(told(), last.rings), lambda: go_on(last, told()))
    again = find(replace(told(), usual=last.inputs.usual.anew()), last.rings)
    progress("done", 4, 4)
    return {
        "components_cpu_s": parts,
        "find_cpu_s": whole,
        "go_on_cpu_s": went_on,
        "find_to_components": whole / parts,
        "go_on_to_components": went_on / parts,
        "go_on_to_find": went_on / whole,
        "accounts_looked_at": step.looked,
        "the_same_rings": float(step.rings == again),
        "peak_gb": peak_gb(),
    }


def components(snapshot: Snapshot) -> None:
    """What scipy does with the same edges: one bipartite graph, its components."""
    sources, targets = [], []
    offset = snapshot.size(NodeType.ACCOUNT)
    for verb in ("SEEN_AT", "USED", "PAID_WITH"):
        source, target = snapshot.ends(verb)
        sources.append(source)
        targets.append(target + offset)
        offset += snapshot.size(EDGE_OF[verb].target)
    ends = (np.concatenate(sources), np.concatenate(targets))
    graph = sparse.csr_array((np.ones(len(ends[0])), ends), shape=(offset, offset))
    connected_components(graph, directed=False)


def with_newcomers(snapshot: Snapshot, seed: int, share: float = NEW) -> Snapshot:
    """The graph a day later: a share of its accounts came, and took up what they hold, that day."""
    rng = np.random.default_rng(seed)
    late = rng.random(snapshot.size(NodeType.ACCOUNT)) < share
    came = START_US + SPAN_US + rng.integers(1, DAY_US, len(late))
    nodes, edges = dict(snapshot.nodes), dict(snapshot.edges)
    for column in ("created_at", "first_seen"):
        told = np.asarray(nodes[NodeType.ACCOUNT][column])
        values = np.where(late, came, told)
        nodes[NodeType.ACCOUNT] = _set(nodes[NodeType.ACCOUNT], column, values)
    for verb, table in snapshot.edges.items():
        source, _ = snapshot.ends(verb)
        for column in ("first_seen", "last_seen"):
            values = np.where(late[source], came[source], snapshot.edge_column(verb, column))
            edges[verb] = _set(edges.get(verb, table), column, values)
    return Snapshot(START_US + SPAN_US + DAY_US, nodes, edges)


def earlier(snapshot: Snapshot, as_of: int) -> Snapshot:
    """The graph without the accounts that came after ``as_of``, and their edges."""
    stays = np.asarray(snapshot.nodes[NodeType.ACCOUNT]["created_at"]) <= as_of
    row = np.cumsum(stays) - 1
    nodes = dict(snapshot.nodes)
    nodes[NodeType.ACCOUNT] = nodes[NodeType.ACCOUNT].filter(pa.array(stays))
    edges = {}
    for verb, table in snapshot.edges.items():
        source, _ = snapshot.ends(verb)
        kept = table.filter(pa.array(stays[source]))
        edges[verb] = _set(kept, "source", row[source[stays[source]]])
    return Snapshot(as_of, nodes, edges)


def _set(table: pa.Table, column: str, values: npt.NDArray[np.int64]) -> pa.Table:
    place = table.column_names.index(column)
    field = table.schema.field(column)
    return table.set_column(place, field, pa.array(values, field.type))
