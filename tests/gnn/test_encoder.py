"""The graph network: nobody hears himself, nobody has an identity, one hop is as good as all."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from gnn.encoder import Encoder, EncoderConfig, Lesson, fit_encoder, margins
from gnn.last_hop import LastHop, Told
from gnn.mates import MATE_LINKS, Links, Ties
from gnn.scale import Scale
from gnn.tensors import Hearing, kinds_of

QUICK = EncoderConfig(width=16, alone_epochs=150, epochs=150, learning_rate=1e-2)
KINDS = ("device", "prompt_cluster", "ip")
RINGS, CROWDS, SIZE = 100, 200, 8


def town(seed: int = 1) -> tuple[np.ndarray, Links, np.ndarray, np.ndarray]:
    """Groups of eight on one device, template or address; ring members are odd by a little."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(RINGS + CROWDS), SIZE)
    fraud = group < RINGS
    rows = rng.normal(size=(len(group), 5)).astype(np.float32)
    rows[:, 0] += 0.8 * fraud
    rows[:, 1] = group % 7  # what a group has in common
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows, links_of(group, rng), fraud, group


def links_of(group: np.ndarray, rng: np.random.Generator) -> Links:
    size, ties = int(group.max()) + 1, []
    for number, link in enumerate(link for link in MATE_LINKS if link.name in KINDS):
        own = np.flatnonzero(group % 3 == number)
        strays = rng.integers(0, len(group), 40)
        accounts = np.concatenate([own, strays])
        entities = np.concatenate([group[own], rng.integers(0, size, 40)])
        pairs = np.unique(np.column_stack([accounts, entities]), axis=0)
        counts = rng.integers(1, 9, len(pairs)).astype(np.float64)
        ties.append(Ties(link, pairs[:, 0], pairs[:, 1], counts, size))
    return Links(len(group), tuple(ties))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    rows, links, fraud, group = town()
    known = (group % 2 == 0).astype(np.float64)
    return Lesson(Scale.of(rows)(rows), links, fraud, known)


@pytest.fixture(scope="module")
def net(lesson: Lesson) -> Encoder:
    unlabelled = replace(lesson, weight=np.zeros(len(lesson.weight)))
    return fit_encoder([lesson], QUICK, 3, fit_encoder([unlabelled], QUICK, 2))


def test_rings_that_nobody_labelled_are_told_by_their_company(net: Encoder, lesson: Lesson) -> None:
    unseen = lesson.weight == 0

    said = margins(net, lesson.x, lesson.links, np.arange(len(lesson.x)) % 3)

    alone = roc_auc_score(lesson.fraud[unseen], lesson.x[unseen, 0])
    assert roc_auc_score(lesson.fraud[unseen], said[unseen]) > alone + 0.1


def test_without_labels_hidden_columns_are_guessed_from_company(lesson: Lesson) -> None:
    unlabelled = replace(lesson, weight=np.zeros(len(lesson.weight)))
    hidden = lesson.x.copy()
    listening = np.arange(len(hidden)) % 4 == 0
    hidden[listening] = 0.0
    shared = 1

    taught = fit_encoder([unlabelled], QUICK, 2)

    heard = Hearing.of(lesson.links, listening)
    with torch.no_grad():
        guessed = taught.rebuild(taught(torch.from_numpy(hidden), heard)).numpy()[listening, shared]
    assert np.corrcoef(guessed, lesson.x[listening, shared])[0, 1] > 0.5


def test_whoever_is_judged_speaks_to_nobody_and_so_never_hears_itself(
    net: Encoder, lesson: Lesson
) -> None:
    listening = np.arange(len(lesson.x)) % 3 == 0
    heard, loud = Hearing.of(lesson.links, listening), lesson.x.copy()
    loud[listening] += 5.0

    with torch.no_grad():
        _, before = net.states(torch.from_numpy(lesson.x), heard)
        _, after = net.states(torch.from_numpy(loud), heard)

    for told, again in zip(before, after, strict=True):
        assert all(torch.equal(told[kind], again[kind]) for kind in told)


def test_nobody_has_an_identity(net: Encoder, lesson: Lesson) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(len(lesson.x))
    place = np.argsort(order)
    renamed = Links(
        lesson.links.accounts,
        tuple(
            replace(t, accounts=place[t.accounts], entities=rng.permutation(t.size)[t.entities])
            for t in lesson.links.ties
        ),
    )
    listening = np.arange(len(order)) % 3 == 0

    with torch.no_grad():
        said = net(torch.from_numpy(lesson.x), Hearing.of(lesson.links, listening))
        other = net(torch.from_numpy(lesson.x[order]), Hearing.of(renamed, listening[order]))

    assert torch.allclose(other, said[torch.from_numpy(order)], atol=1e-4)


def test_the_same_seed_gives_the_same_weights_bit_by_bit(lesson: Lesson) -> None:
    brief = replace(QUICK, epochs=2)

    once, again, other = (fit_encoder([lesson], brief, seed) for seed in (7, 7, 8))

    for name, weight in once.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    assert not torch.equal(once.label.weight, other.label.weight)


def told_to(account: int, net: Encoder, lesson: Lesson) -> tuple[list[Told], float]:
    """What a refresh would have cached for ``account``, and its margin in the batch."""
    listening = np.arange(len(lesson.x)) == account
    heard = Hearing.of(lesson.links, listening)
    with torch.no_grad():
        state, cached = net.states(torch.from_numpy(lesson.x), heard)
        margin = float(net.label(state)[account, 0])
    told = []
    for ties in lesson.links.ties:
        kind = ties.link.name
        seat = {int(entity): row for row, entity in enumerate(heard.kept[kind])}
        for entity, often in zip(
            ties.entities[ties.accounts == account],
            ties.counts[ties.accounts == account],
            strict=True,
        ):
            if (row := seat.get(int(entity))) is None:
                continue
            states = np.stack([turn[kind][row].numpy() for turn in cached])
            speaking = round(float(heard.entities[kind][row, 0].expm1()))
            told.append(Told(kind, states, speaking, float(often)))
    return told, margin


def test_the_last_hop_says_of_a_newcomer_what_the_batch_says(net: Encoder, lesson: Lesson) -> None:
    hop = LastHop.of({name: value.numpy() for name, value in net.state_dict().items()})

    for account in range(0, len(lesson.x), 37):
        told, margin = told_to(account, net, lesson)
        assert hop.margin(lesson.x[account], told) == pytest.approx(margin, abs=1e-4)


def test_one_newcomer_costs_a_small_part_of_a_batch(net: Encoder, lesson: Lesson) -> None:
    hop = LastHop.of({name: value.numpy() for name, value in net.state_dict().items()})
    told, _ = told_to(0, net, lesson)
    heard = Hearing.of(lesson.links, np.arange(len(lesson.x)) == 0)
    x = torch.from_numpy(lesson.x)

    def cost(job) -> float:
        spent = []
        for _ in range(15):
            began = time.perf_counter()
            job()
            spent.append(time.perf_counter() - began)
        return min(spent)

    with torch.no_grad():
        assert cost(lambda: hop.margin(lesson.x[0], told)) < cost(lambda: net(x, heard)) / 2


def test_unknown_columns_and_lonely_accounts_have_a_state(net: Encoder, lesson: Lesson) -> None:
    bare = LastHop.of({name: value.numpy() for name, value in net.state_dict().items()})
    rows = np.full((3, 5), np.nan, np.float32)

    scaled = Scale.of(rows)(rows)

    assert not scaled.any()
    assert np.isfinite(bare.margin(scaled[0], []))
    assert len(kinds_of([lesson.links])) == len(KINDS)
