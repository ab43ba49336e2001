"""A graph network over accounts and the things they share, taught by labels and by itself.

Messages run from accounts to payment methods, addresses, devices, templates and so on and back,
with weights of their own for every kind of edge and direction (GraphSAGE's mean, Hamilton et al.
2017, by kind as in R-GCN, Schlichtkrull et al. 2018). It is inductive: nobody has an embedding of
his own. Two teachers share the network. Labels, few and of few rings; and the accounts themselves:
columns of half of those who listen are hidden and guessed from what is heard (masked features, as
GraphMAE, Hou et al. 2022), so that rings nobody labelled shape it too. Whoever is judged only
listens, in training and after; edges are those of the moment, so nothing runs back in time.

An epoch is full-batch over sparse operators; 13 kilobytes an account with four edges were measured
at 150,000 accounts, so a million take 13 GB. The last hop for a newcomer is :mod:`gnn.last_hop`. It
knows nothing of snapshots: see :mod:`gnn.tensors`.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch_geometric.nn import HeteroConv, SAGEConv

from gnn.last_hop import Arrays, Rows, rounds_of
from gnn.mates import Links
from gnn.tensors import ACCOUNT, ENTITY_COLUMNS, Hearing, hearings, kinds_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """How it is built and taught: ``EncoderConfig(epochs=40)``.

    ``alone_epochs`` are taught by masked columns only, before any label is shown; ``masked`` is
    the share of columns hidden, ``rebuild`` how much guessing them counts beside labels.
    """

    width: int = 32
    rounds: int = 2
    parts: int = 3
    alone_epochs: int = 15
    epochs: int = 30
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    dropout: float = 0.1
    masked: float = 0.5
    rebuild: float = 0.5


@dataclass(frozen=True)
class Lesson:
    """Accounts at one moment: scaled columns [N, 2 F], links, who is fraud and what each weighs.

    ``weight`` [N] is 0 for whoever teaches nothing: the unlabelled of bad groups, a held-out ring.
    """

    x: Rows
    links: Links
    fraud: npt.NDArray[np.bool_]
    weight: Floats


class Round(nn.Module):
    """Accounts speak to entities, entities to accounts; each kind of edge has its own weights."""

    def __init__(self, kinds: Sequence[tuple[str, str]], width: int, dropout: float) -> None:
        super().__init__()
        into = {
            (ACCOUNT, verb, name): SAGEConv((width, ENTITY_COLUMNS), width, aggr="sum")
            for name, verb in kinds
        }
        onto = {
            (name, f"rev_{verb}", ACCOUNT): SAGEConv(
                (width, width), width, aggr="sum", root_weight=False, bias=False
            )
            for name, verb in kinds
        }
        with warnings.catch_warnings():
            # Each half of a round leaves the other half's nodes as they are, on purpose.
            warnings.filterwarnings("ignore", message="There exist node types")
            self.into = HeteroConv(into, aggr="sum")
            self.onto = HeteroConv(onto, aggr="sum")
        self.stay = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def entities(self, state: Tensor, heard: Hearing) -> dict[str, Tensor]:
        """What each entity makes of the accounts that speak there, [M, width] a kind."""
        told = self.into({ACCOUNT: state, **heard.entities}, heard.into)
        return {name: torch.relu(value) for name, value in told.items()}

    def forward(self, state: Tensor, told: Mapping[str, Tensor], heard: Hearing) -> Tensor:
        """The accounts' next state, [N, width]."""
        back = self.onto({ACCOUNT: state, **told}, heard.onto)[ACCOUNT]
        fresh = torch.relu(self.norm(self.stay(state) + back))
        quiet: Tensor = self.dropout(fresh)
        return state + quiet


class Encoder(nn.Module):
    """The network: ``Encoder(columns, kinds, config)(x, heard)`` gives states [N, width]."""

    def __init__(
        self, columns: int, kinds: Sequence[tuple[str, str]], config: EncoderConfig
    ) -> None:
        super().__init__()
        width = config.width
        self.enter = nn.Sequential(
            nn.Linear(2 * columns, 2 * width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, width),
        )
        self.rounds = nn.ModuleList(
            Round(kinds, width, config.dropout) for _ in range(config.rounds)
        )
        self.label = nn.Linear(width, 1)
        self.rebuild = nn.Linear(width, columns)

    def forward(self, x: Tensor, heard: Hearing) -> Tensor:
        """States of all accounts; those that listen never hear themselves."""
        return self.states(x, heard)[0]

    def states(self, x: Tensor, heard: Hearing) -> tuple[Tensor, list[dict[str, Tensor]]]:
        """States of all accounts, and what the entities told in each round."""
        state, told = self.enter(x), []
        for turn in cast("Iterable[Round]", self.rounds):
            told.append(turn.entities(state, heard))
            state = turn(state, told[-1], heard)
        return state, told


def fit_encoder(
    lessons: Sequence[Lesson], config: EncoderConfig, seed: int, start: Encoder | None = None
) -> Encoder:
    """Teach a network, from ``start`` (which is not changed) or from nothing.

    The same seed and thread count give the same weights. Without any label in ``lessons`` only the
    masked columns teach: such a network may be the start of all folds, since it has seen nobody's
    label.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    columns = lessons[0].x.shape[1] // 2
    net = Encoder(columns, kinds_of([lesson.links for lesson in lessons]), config)
    if start is not None:
        net.load_state_dict(start.state_dict())
    labelled = any(lesson.weight.any() for lesson in lessons)
    epochs = config.epochs if labelled else config.alone_epochs
    heard = [hearings(lesson.links, config.parts, rng) for lesson in lessons]
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    total = epochs * len(lessons)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=max(total, 2)
    )
    net.train()
    for turn in range(total):
        number, part = turn % len(lessons), turn // len(lessons) % config.parts
        optimiser.zero_grad()
        loss = _loss(net, lessons[number], heard[number][part], config, rng)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    net.eval()
    return net


def margins(net: Encoder, x: Rows, links: Links, part: Ints) -> Floats:
    """Log odds of every account, each judged while its ``part`` [N] only listens; float64 [N]."""
    found = np.zeros(len(x))
    for listening, said in heard([net], x, links, part):
        found[listening] = said[:, 0]
    return found


def heard(
    nets: Sequence[Encoder], x: Rows, links: Links, part: Ints
) -> Iterator[tuple[Mask, Floats]]:
    """For each part: who listens, bool [N], and what each net says of them, [listening, nets]."""
    seen = torch.from_numpy(x)
    for number in np.unique(part).tolist():
        hearing = Hearing.of(links, part == number)
        rows = torch.from_numpy(np.flatnonzero(hearing.listening))
        with torch.no_grad():
            said = [net.label(net(seen, hearing)[rows]).squeeze(1).numpy() for net in nets]
        yield hearing.listening, np.stack(said, axis=1).astype(np.float64)


def told_by(net: Encoder, x: Rows, hearing: Hearing) -> list[dict[str, Rows]]:
    """What each entity tells in each round, by kind, [M, width]."""
    with torch.no_grad():
        _, told = net.states(torch.from_numpy(x), hearing)
    return [{kind: state.numpy() for kind, state in turn.items()} for turn in told]


def voices_of(net: Encoder, x: Rows, links: Links) -> dict[str, tuple[Rows, Rows]]:
    """How many speak at each entity [M], and what it tells whoever comes, [M, rounds, width].

    Everybody speaks. An entity of a single account is nothing to the others, but it is to the next.
    """
    nobody = np.zeros(links.accounts, bool)
    heard, all_of = Hearing.of(links, nobody), Hearing.of(links, nobody, least=1)
    with torch.no_grad():
        state, told = net.enter(torch.from_numpy(x)), []
        for turn in cast("Iterable[Round]", net.rounds):
            told.append(turn.entities(state, all_of))
            state = turn(state, turn.entities(state, heard), heard)
    found = {}
    for ties in links.ties:
        kind, rows = ties.link.name, all_of.kept[ties.link.name]
        states = np.zeros((ties.size, len(told), state.shape[1]), np.float32)
        states[rows] = np.stack([turn[kind].numpy() for turn in told], axis=1)
        speaking = np.bincount(ties.entities, minlength=ties.size).astype(np.float32)
        found[kind] = (speaking, states)
    return found


def arrays_of(net: Encoder) -> dict[str, Rows]:
    """The weights as plain arrays under torch's names."""
    return {name: weight.numpy().copy() for name, weight in net.state_dict().items()}


def encoder_of(weights: Arrays, links: Links) -> Encoder:
    """The network with these weights, for accounts with such ``links``."""
    columns, width = weights["rebuild.weight"].shape
    config = EncoderConfig(width=width, rounds=rounds_of(weights))
    net = Encoder(columns, kinds_of([links]), config)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return net.eval()


def _loss(
    net: Encoder,
    lesson: Lesson,
    heard: Hearing,
    config: EncoderConfig,
    rng: np.random.Generator,
) -> Tensor:
    """What listeners got wrong: hidden columns for half of them, the label for the others."""
    rows = np.flatnonzero(heard.listening)
    masked = rng.random(len(rows)) < 0.5
    x, columns = torch.from_numpy(lesson.x).clone(), lesson.x.shape[1] // 2
    mine = lesson.x[rows]
    hidden = masked[:, None] & (rng.random((len(rows), columns)) < config.masked)
    hidden &= mine[:, columns:] > 0
    x[rows] = torch.from_numpy(np.where(np.hstack([hidden, hidden]), np.float32(0.0), mine))
    state = net(x, heard)[torch.from_numpy(rows)]
    where = torch.from_numpy(hidden)
    missed = net.rebuild(state) - torch.from_numpy(mine[:, :columns])
    loss: Tensor = config.rebuild * (missed * where).square().sum() / max(int(hidden.sum()), 1)
    weight = torch.from_numpy(np.where(masked, 0.0, lesson.weight[rows]).astype(np.float32))
    if float(weight.sum()) == 0.0:
        return loss
    target = torch.from_numpy(lesson.fraud[rows].astype(np.float32))
    wrong: Tensor = nn.functional.binary_cross_entropy_with_logits(
        net.label(state).squeeze(1), target, weight, reduction="sum"
    )
    return loss + wrong / weight.sum()
