"""The usual way, to be compared with: a graph neural network that runs at every request.

Two layers of mean aggregation over a two-hop piece of the graph, as GraphSAGE does it (Hamilton et
al. 2017, "Inductive Representation Learning on Large Graphs"), with a weight for each verb and
direction. ``ringsight bench serve`` times it beside the product, which reads one hop and whose
states a refresh has made already; nothing else uses it.
"""

from collections.abc import Mapping

import numpy as np
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
