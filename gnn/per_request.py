"""The usual way, to be compared with: a graph neural network that runs at every request.

Two layers of mean aggregation over a two-hop piece of the graph, as GraphSAGE does it (Hamilton et
al. 2017, "Inductive Representation Learning on Large Graphs"), with a weight for each verb and
direction. ``ringsight bench serve`` times it beside the product, which reads one hop and whose
states a refresh has made already; nothing else uses it. :class:`WholeGraph` is the same as PyG does
it, :class:`PerRequest` helped by this project's own index.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.compute as pc
import torch
from torch import Tensor, nn

from graph.schema import EDGE_OF, EDGES, NodeType
from graph.snapshot import Snapshot


class PerRequest(nn.Module):
    """``PerRequest(width=64)(piece)``: a score (0..1) for every account of a piece, shape [N]."""

    def __init__(self, width: int = 64, layers: int = 2) -> None:
        super().__init__()
        verbs = [spec.verb for spec in EDGES]
        kinds = [kind.value for kind in NodeType]
        self.enter = nn.ModuleDict({kind: nn.Linear(2, width) for kind in kinds})
        self.stay = nn.ModuleList(
            nn.ModuleDict({kind: nn.Linear(width, width) for kind in kinds}) for _ in range(layers)
        )
        self.pass_on = nn.ModuleList(
            nn.ModuleDict(
                {
                    f"{verb}_{way}": nn.Linear(width, width)
                    for verb in verbs
                    for way in ("out", "in")
                }
            )
            for _ in range(layers)
        )
        self.leave = nn.Linear(width, 1)

    def forward(self, piece: Snapshot) -> Tensor:
        """The scores of the accounts of ``piece``."""
        states = {kind: self.enter[kind.value](_features(piece, kind)) for kind in piece.nodes}
        for stay, pass_on in zip(self.stay, self.pass_on, strict=True):
            assert isinstance(stay, nn.ModuleDict)
            assert isinstance(pass_on, nn.ModuleDict)
            states = self._layer(piece, states, stay, pass_on)
        return torch.sigmoid(self.leave(states[NodeType.ACCOUNT])).squeeze(1)

    def _layer(
        self,
        piece: Snapshot,
        states: Mapping[NodeType, Tensor],
        stay: nn.ModuleDict,
        pass_on: nn.ModuleDict,
    ) -> dict[NodeType, Tensor]:
        total = {kind: stay[kind.value](state) for kind, state in states.items()}
        for verb in piece.edges:
            spec = EDGE_OF[verb]
            source, target = (torch.from_numpy(ends) for ends in piece.ends(verb))
            sent = pass_on[f"{verb}_out"](states[spec.source])
            total[spec.target] = total[spec.target] + _mean(
                sent, source, target, spec.target, states
            )
            back = pass_on[f"{verb}_in"](states[spec.target])
            total[spec.source] = total[spec.source] + _mean(
                back, target, source, spec.source, states
            )
        return {kind: torch.relu(state) for kind, state in total.items()}


def _mean(
    sent: Tensor, start: Tensor, end: Tensor, kind: NodeType, states: Mapping[NodeType, Tensor]
) -> Tensor:
    rows = len(states[kind])
    total = torch.zeros(rows, sent.shape[1]).index_add_(0, end, sent[start])
    count = torch.bincount(end, minlength=rows).clamp(min=1)
    return total / count.unsqueeze(1)


def _features(piece: Snapshot, kind: NodeType) -> Tensor:
    degree = np.log1p(np.nan_to_num(piece.numbers(kind, "degree")))
    score = np.nan_to_num(piece.numbers(kind, "score"))
    return torch.from_numpy(np.stack([degree, score], axis=1).astype(np.float32))


def scored(model: PerRequest, piece: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """One forward pass without gradients."""
    with torch.no_grad():
        found: np.ndarray[tuple[int], np.dtype[np.float32]] = model(piece).numpy()
    return found


class WholeGraph(nn.Module):
    """The graph as PyG wants it in memory, and two SAGE layers run around some nodes of it.

    ``WholeGraph(snapshot)(["ip:9f2c"])`` cuts the two hops out with ``k_hop_subgraph``, which looks
    at every edge, as libraries without an index of neighbours do: the way of most tutorials.
    """

    def __init__(self, snapshot: Snapshot, width: int = 64) -> None:
        from torch_geometric.nn import SAGEConv  # noqa: PLC0415 - slow to import, for the bench

        super().__init__()
        sizes = [snapshot.size(kind) for kind in NodeType]
        self._start = dict(zip(NodeType, np.cumsum([0, *sizes]).tolist(), strict=False))
        self._snapshot = snapshot
        self._size = sum(sizes)
        ends = [np.empty((2, 0), np.int64)]
        for verb in snapshot.edges:
            spec = EDGE_OF[verb]
            source, target = snapshot.ends(verb)
            pair = (source + self._start[spec.source], target + self._start[spec.target])
            ends.append(np.array([np.concatenate(pair), np.concatenate(pair[::-1])], np.int64))
        self._edges = torch.from_numpy(np.concatenate(ends, axis=1))
        states = [_features(snapshot, kind) for kind in NodeType if kind in snapshot.nodes]
        self._states = torch.cat(states)
        self.first, self.second = SAGEConv(2, width), SAGEConv(width, width)
        self.leave = nn.Linear(width, 1)

    def numbers(self, ids: Sequence[str]) -> list[int]:
        """The numbers of the nodes that are there, to be asked for before the clock runs."""
        found = []
        for identity in ids:
            kind, _, key = identity.partition(":")
            row = pc.index(self._snapshot.keys(NodeType(kind)), key).as_py()
            found += [self._start[NodeType(kind)] + row] if row >= 0 else []
        return found

    def forward(self, numbers: Sequence[int]) -> Tensor:
        """The score (0..1) of what stands at ``numbers``, shape [len(numbers)]."""
        from torch_geometric.utils import k_hop_subgraph  # noqa: PLC0415

        around, edges, mapping, _ = k_hop_subgraph(
            list(numbers), 2, self._edges, relabel_nodes=True, num_nodes=self._size
        )
        states = torch.relu(self.first(self._states[around], edges))
        states = torch.relu(self.second(states, edges))
        return torch.sigmoid(self.leave(states[mapping])).squeeze(1)

    def scored(self, numbers: Sequence[int]) -> list[float]:
        """One forward pass without gradients."""
        with torch.no_grad():
            return [float(score) for score in self(numbers)]
