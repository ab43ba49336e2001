"""A graph neural network for one kind of link, with the propagation done once.

SIGN (Frasca et al. 2020, "Scalable Inception Graph Neural Networks", arXiv:2004.11198): the
neighbourhood is aggregated by fixed operators before training, so an epoch costs what a multilayer
perceptron costs and one million accounts fit on two cores. It knows nothing of snapshots.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.preprocessing import QuantileTransformer
from torch import nn
from torch_geometric.nn import MLP

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SignConfig:
    """How the network is trained: ``SignConfig(epochs=60)``. ``weight_decay`` is AdamW's."""

    hidden: int = 128
    layers: int = 3
    dropout: float = 0.4
    epochs: int = 60
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3


def spread_evenly(x: Matrix) -> npt.NDArray[np.float32]:
    """Columns mapped to normal quantiles, float32 [N, F]: aggregates of counts have long tails."""
    quantiles = min(200, len(x))
    spread = QuantileTransformer(
        n_quantiles=quantiles, output_distribution="normal", subsample=len(x), random_state=0
    )
    return np.asarray(spread.fit_transform(x), dtype=np.float32)


def sign_scores(
    blocks: npt.NDArray[np.float32], y: Mask, train: Mask, config: SignConfig, seed: int
) -> Matrix:
    """Probability of being positive for every row of propagated ``blocks`` [N, F], shape [N].

    Trained on the rows of ``train`` alone; the same seed and thread count give the same numbers.
    """
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    x, target = torch.from_numpy(blocks), torch.from_numpy(y.astype(np.float32))
    net = _network(blocks.shape[1], config)
    rows = np.flatnonzero(train)
    steps = -(-len(rows) // config.batch)
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=config.epochs * steps
    )
    net.train()
    for _ in range(config.epochs):
        for batch in np.array_split(order.permutation(rows), steps):
            optimiser.zero_grad()
            margin = net(x[batch]).squeeze(1)
            loss = nn.functional.binary_cross_entropy_with_logits(margin, target[batch])
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        return np.asarray(torch.sigmoid(net(x).squeeze(1)).numpy(), dtype=np.float64)


def _network(width: int, config: SignConfig) -> nn.Module:
    head = MLP(
        in_channels=width,
        hidden_channels=config.hidden,
        out_channels=1,
        num_layers=config.layers,
        dropout=config.dropout,
        act="gelu",
        norm=None,
    )
    return nn.Sequential(nn.BatchNorm1d(width), head)
