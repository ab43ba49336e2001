"""How accounts are grouped before anybody is suspected: cells, and average linkage inside them."""

import numpy as np
import pytest
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from graph.rings import cells
from graph.rings.linkage import average_linkage
from graph.rings.relations import incidences
from graph.rings.usual import Unlearnt, Usual
from tests.graph.ring_worlds import DAY_US, START, World

JOIN = 0.7


def random_pairs(rng: np.random.Generator, size: int, levels: int) -> np.ndarray:
    """Weights on one pair in ten, multiples of 2^-12; few ``levels`` make many of them equal."""
    some = np.where(rng.random((size, size)) < 0.1, rng.integers(1, levels + 1, (size, size)), 0)
    upper = np.triu(some, 1) * (8.0 * 4096 // levels) / 4096
    return upper + upper.T


def partition(label: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(label == group).tolist()) for group in np.unique(label)}


@pytest.mark.parametrize("seed", range(8))
def test_joining_all_nearest_at_once_gives_what_joining_them_one_by_one_gives(seed):
    rng = np.random.default_rng(seed)
    pairs = random_pairs(rng, 60, 30_000)

    found = average_linkage(sparse.csr_array(pairs), JOIN, rng.integers(0, 2**60, 60))

    distance = pairs.max() + 1.0 - pairs
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance), "average")
    wanted = fcluster(tree, pairs.max() + 1.0 - JOIN, "distance")
    assert partition(found) == partition(wanted)
    assert (found <= np.arange(60)).all()


def test_groups_depend_neither_on_numbering_nor_on_what_is_not_connected_to_them():
    rng = np.random.default_rng(3)
    one, other = random_pairs(rng, 40, 3), random_pairs(rng, 50, 3)
    luck = rng.integers(0, 2**60, 90)
    both = np.block([[one, np.zeros((40, 50))], [np.zeros((50, 40)), other]])
    order = rng.permutation(90)

    alone = average_linkage(sparse.csr_array(one), JOIN, luck[:40])
    together = average_linkage(sparse.csr_array(both), JOIN, luck)
    mixed = average_linkage(sparse.csr_array(both[order][:, order]), JOIN, luck[order])

    assert partition(together[:40]) == partition(alone)
    renamed = {frozenset(order[list(group)].tolist()) for group in partition(mixed)}
    assert renamed == partition(together)


def test_equal_luck_and_equal_weights_still_end_in_one_answer():
    full = np.ones((9, 9)) - np.eye(9)

    found = average_linkage(sparse.csr_array(full), JOIN, np.zeros(9, np.int64))

    assert (found == 0).all()


@pytest.fixture
def street() -> World:
    """Forty homes; each shares a device with the next home, so that all hang together."""
    world = World()
    for home in range(40):
        for i in range(3):
            name = world.account(
                f"h{home:02}-{i}", START + home * DAY_US, place=world.place(f"home{home}")
            )
            world.pays(name, START + 41 * DAY_US, f"card{home}")
            if i < 2:
                world.visits(name, START + 41 * DAY_US, world.place(f"home{home}"), f"tv{home + i}")
    return world


def test_a_component_is_a_cell_until_it_is_large_and_then_the_strongest_thing_is(
    street, monkeypatch
):
    inputs = street.inputs(START + 50 * DAY_US)
    held = cells.Holdings.of(list(incidences(inputs)), inputs.snapshot)
    parts, home = cells.components(held, inputs.size), cells.homes(held, inputs.size)

    whole = cells.Cells.cut(parts, home).cell
    monkeypatch.setattr(cells, "LARGEST", 60)
    cut = cells.Cells.cut(parts, home).cell

    assert len(np.unique(whole)) == 1
    sizes = np.bincount(cut)
    assert sizes.max() <= 9
    assert (cut <= np.arange(inputs.size)).all()


def test_what_is_usual_is_learnt_once_and_frozen_it_learns_nothing_more():
    usual = Usual()
    usual.of("accounts", lambda: 20)

    assert usual.of("accounts", lambda: 30) == 20
    assert usual.frozen().of("accounts", lambda: 40) == 20
    with pytest.raises(Unlearnt):
        usual.frozen().of("pace", lambda: 1.0)
