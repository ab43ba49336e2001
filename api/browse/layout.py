"""Where nodes stand: two columns, accounts and groups on the left, what they share on the right.

Each column is ordered by the mean place of its neighbours in the other, a few times over, which
takes most crossings out (the barycentre heuristic of Sugiyama, Tagawa and Toda, 1981). Made on the
server and from ids alone, so that the same link shows everybody the same picture.
"""

from collections.abc import Mapping, Sequence

LEFT_X, RIGHT_X, BUNDLE_X = 0.0, 420.0, 640.0
ROW_HEIGHT = 56.0
_SWEEPS = 8

Place = tuple[float, float]


def two_columns(
    left: Sequence[str], right: Sequence[str], ties: Mapping[str, Sequence[str]]
) -> dict[str, Place]:
    """``(x, y)`` of every node, the columns centred on each other.

    Args:
        left: accounts and groups, in the order to start from.
        right: what they share, in the order to start from.
        ties: node of the left -> nodes of the right it is tied to.
    """
    back: dict[str, list[str]] = {node: [] for node in right}
    for node in left:
        for other in ties.get(node, ()):
            if other in back:
                back[other].append(node)
    ahead = {node: [o for o in ties.get(node, ()) if o in back] for node in left}
    rows, columns = list(left), list(right)
    for _ in range(_SWEEPS):
        columns = _by_mean(columns, back, rows)
        rows = _by_mean(rows, ahead, columns)
    tall = max(len(rows), len(columns))
    return _stacked(rows, LEFT_X, tall) | _stacked(columns, RIGHT_X, tall)


def _by_mean(
    nodes: Sequence[str], ties: Mapping[str, Sequence[str]], others: Sequence[str]
) -> list[str]:
    """``nodes`` by the mean place of their neighbours among ``others``; loners stay."""
    place = {node: row / max(1, len(others) - 1) for row, node in enumerate(others)}
    own = {node: row / max(1, len(nodes) - 1) for row, node in enumerate(nodes)}

    def mean(node: str) -> float:
        around = ties.get(node, ())
        return sum(place[o] for o in around) / len(around) if around else own[node]

    return sorted(nodes, key=lambda node: (mean(node), own[node]))


def _stacked(nodes: Sequence[str], x: float, tall: int) -> dict[str, Place]:
    """Nodes one below the other, spread over the height of ``tall`` rows around y = 0."""
    step = ROW_HEIGHT * tall / max(1, len(nodes))
    top = -step * (len(nodes) - 1) / 2
    return {node: (x, round(top + step * row, 2)) for row, node in enumerate(nodes)}
