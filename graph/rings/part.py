"""A part of the graph that the ring finder sees as it would see it in the whole.

Some accounts, with everything they hold; how many others hold those things is told beside them, and
what is usual is taken from the whole. What is found about groups that lie in the part is then what
the whole would give, to the last digit. Read :mod:`graph.rings.standing` for which accounts.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.rings.inputs import Bools, Ints, RingInputs, distinct
from graph.rings.relations import HELD_BY
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import EDGE_FIELDS, Snapshot, one_piece


@dataclass(frozen=True)
class Part:
    """A part and where it lies: ``rows`` gives, for each kind, the rows in the whole (ascending).

    ``own`` marks the accounts that were asked for, [n]; others stand there only because they
    referred one of them.
    """

    inputs: RingInputs
    rows: Mapping[NodeType, Ints]
    own: Bools


def account_verbs(snapshot: Snapshot) -> list[str]:
    """The verbs of the snapshot by which accounts hold things."""
    return [v for v in snapshot.edges if EDGE_OF[v].source is NodeType.ACCOUNT]


def stored_ends(
    snapshot: Snapshot, verb: str
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Source and target rows of every edge of ``verb`` as they are stored, each int32 [E]."""
    table = snapshot.edges[verb]  # where few are chosen only theirs are made int64
    return np.asarray(one_piece(table["source"])), np.asarray(one_piece(table["target"]))


def held_by(snapshot: Snapshot, verbs: Container[str] | None = None) -> dict[str, Ints]:
    """By verb, of all or of ``verbs``: how many accounts hold each entity, [K]."""
    return {
        verb: np.bincount(
            snapshot.ends(verb)[1], minlength=snapshot.size(EDGE_OF[verb].target)
        ).astype(np.int64)
        for verb in account_verbs(snapshot)
        if verbs is None or verb in verbs
    }


def part_of(
    inputs: RingInputs, chosen: Bools, holders: Mapping[str, Ints], *, bare: bool = False
) -> Part:
    """The accounts that ``chosen`` [N] marks and what they hold.

    ``holders`` is :func:`held_by` of the whole; ``inputs.joined`` has to be known, ``inputs.usual``
    to be learnt. Of ``bare`` accounts it is told what they hold and nothing else.
    """
    whole = inputs.snapshot
    if bare:
        names = whole.nodes[NodeType.ACCOUNT].select(["key", "first_seen"])
        whole = replace(whole, nodes={**whole.nodes, NodeType.ACCOUNT: names})
    edges = {verb: _edges_of(whole, verb, chosen) for verb in account_verbs(whole)}
    rows = {NodeType.ACCOUNT: np.flatnonzero(chosen)}
    for verb, (_, target, _) in edges.items():
        kind = EDGE_OF[verb].target
        rows[kind] = distinct(np.concatenate([rows.get(kind, target[:0]), target]))
    nodes = {kind: _taken(whole, kind, held, holders) for kind, held in rows.items()}
    tables = {verb: _laid_out(whole, verb, ends, rows) for verb, ends in edges.items()}
    places = rows[NodeType.ACCOUNT]
    suspicion = None if inputs.suspicion is None else inputs.suspicion[places]
    piece = Snapshot(whole.as_of, nodes, tables, whole.generation)
    return Part(replace(inputs, snapshot=piece, suspicion=suspicion), rows, chosen[places])


def _edges_of(whole: Snapshot, verb: str, chosen: Bools) -> tuple[Ints, Ints, Ints]:
    """Source, target and row of the edges of chosen accounts."""
    source, target = stored_ends(whole, verb)
    row = np.flatnonzero(chosen.take(source))
    return source[row].astype(np.int64), target[row].astype(np.int64), row


def _taken(whole: Snapshot, kind: NodeType, rows: Ints, holders: Mapping[str, Ints]) -> pa.Table:
    table = whole.nodes[kind].take(pa.array(rows))
    for verb, held in holders.items():
        if EDGE_OF[verb].target is kind:
            table = table.append_column(HELD_BY + verb, pa.array(held[rows]))
    return table


def _laid_out(
    whole: Snapshot, verb: str, edges: tuple[Ints, Ints, Ints], rows: Mapping[NodeType, Ints]
) -> pa.Table:
    source, target, row = edges
    rest = [name for name in EDGE_FIELDS.names if name not in ("source", "target")]
    table = whole.edges[verb].select(rest).take(pa.array(row))
    kind = EDGE_OF[verb].target
    ends = {
        "source": _places(rows[NodeType.ACCOUNT], whole.size(NodeType.ACCOUNT))[source],
        "target": _places(rows[kind], whole.size(kind))[target],
    }
    columns = [
        pa.array(ends[name]) if name in ends else one_piece(table[name])
        for name in EDGE_FIELDS.names
    ]
    return pa.Table.from_arrays(columns, schema=EDGE_FIELDS)


def _places(rows: Ints, size: int) -> npt.NDArray[np.int32]:
    """The place in ``rows`` of every row of ``size`` that is there, [size]."""
    place = np.empty(size, np.int32)  # nobody asks for the others
    place[rows] = np.arange(len(rows), dtype=np.int32)
    return place
