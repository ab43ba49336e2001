"""All neighbours of an entity as a CSV, page by page: a hub is written in the memory of one page.

The order is the store's own by time or that of the flags, both of which are paged to the end, never
a scan that stops. Whoever is tied anew while the file is written moves to where was read already:
what is missing at the end is looked for once more, and the count says whether all were found. It
knows nothing of who asks, of files or of the chain; read :mod:`api.browse.exporting` for these.
"""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from api.browse.asked import NeighboursQuery, Order
from api.browse.neighbours import neighbours_of
from api.browse.reader import Reader
from api.browse.takeaway import COLUMNS, MARK, cell
from api.schemas.graph import LIST_MAX, EdgeOut, Neighbours
from graph.schema import NODE_PROPERTIES, NodeType

PASSES = 2
TIED = ("tied_by", "first_tied", "last_tied", "times")
_FACTS = tuple(sorted({name for of in NODE_PROPERTIES.values() for name in of} - {*COLUMNS}))

Hidden = Callable[[Any], Any]
Step = Callable[[int, bool, int | None], None]


def neighbour_rows(
    reader: Reader, identity: str, wanted: tuple[NodeType | None, bool], hidden: Hidden, step: Step
) -> Iterator[bytes]:
    """The file in pieces: a row a neighbour, with its facts and how it is tied to ``identity``.

    Args:
        reader: what is read.
        identity: the entity.
        wanted: only neighbours of this kind (None: of any), and whether flagged accounts alone.
        hidden: what is to be kept from the caller behind tokens; as it is for who sees all.
        step: told how many rows are written, whether these are all, and about how many there are.

    Raises:
        NotFound: if there is no such entity.
    """
    kind, flagged = wanted
    order = Order.SCORE if flagged else Order.RECENT
    asked = NeighboursQuery(
        kind=kind, flagged=flagged or None, order=order, limit=LIST_MAX, facets=False
    )
    yield MARK + _lines([(*COLUMNS, *_FACTS, *TIED)])
    seen: set[str] = set()
    ties: set[str] = set()
    for _ in range(PASSES):
        for page in _pages(reader, identity, asked):
            yield _lines(list(_rows(page, identity, seen, hidden)))
            seen.update(node.id for node in page.nodes[1:])
            ties.update(edge.id for edge in page.edges)
            # The store counts ties, of which two accounts may have one each way; flags count once.
            whole = len(seen if flagged else ties) >= (page.total or 0)
            step(len(seen), whole, page.total)
            if whole:
                return


def _pages(reader: Reader, identity: str, asked: NeighboursQuery) -> Iterator[Neighbours]:
    cursor = None
    while True:
        page = neighbours_of(reader, identity, asked.model_copy(update={"cursor": cursor}))
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def _rows(
    page: Neighbours, identity: str, seen: set[str], hidden: Hidden
) -> Iterator[tuple[object, ...]]:
    ties: dict[str, list[EdgeOut]] = {}
    for edge in page.edges:
        ties.setdefault(edge.target if edge.source == identity else edge.source, []).append(edge)
    for node in (node for node in page.nodes[1:] if node.id not in seen):
        told = hidden(node.model_dump(mode="json"))
        tied = ties.get(node.id, [])
        yield (
            *(told[name] for name in COLUMNS),
            *(told["properties"].get(name) for name in _FACTS),
            " ".join(sorted({edge.kind for edge in tied})),
            min((edge.first_seen.isoformat() for edge in tied), default=None),
            max((edge.last_seen.isoformat() for edge in tied), default=None),
            sum(edge.count for edge in tied),
        )


def _lines(rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [cell(value) for value in row] for row in rows
    )
    return text.getvalue().encode()
