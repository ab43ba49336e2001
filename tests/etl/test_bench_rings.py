"""The ring benchmark: its figures count what they say, its rivals find what they should."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from etl.bench.rings import Held, bench_rings
from etl.bench.rings_rivals import METHODS, densest
from graph.errors import InputError
from graph.rings.find import RingConfig, scene_of, weigh
from graph.rings.inputs import DAY_US
from graph.simulate import small_world, write
from graph.simulate.truth import TrueAccount
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings import card_ring


@pytest.fixture(scope="module")
def world() -> World:
    made = World()
    made.people(150, days=20)
    card_ring(made)
    return made


@pytest.mark.parametrize("method", METHODS)
def test_every_way_of_grouping_finds_a_ring_that_hides_nothing(world: World, method: str) -> None:
    scene = scene_of(world.inputs(START + 25 * DAY_US))

    label, picked = METHODS[method](scene)
    rings = weigh(scene, label, picked, RingConfig(kept_size=3))

    held = {account for ring in rings for account in ring.account_ids}
    assert {a for a in scene.inputs.account_ids.to_pylist() if a.startswith("mule")} <= held


def test_peeling_takes_the_dense_block_and_leaves_the_rest() -> None:
    rng = np.random.default_rng(1)
    holds = (rng.random((60, 60)) < 0.02).astype(np.float64)
    holds[10:20, 5:12] = 1.0

    rows, density = densest(sparse.csr_array(holds), 60)

    assert rows.tolist() == list(range(10, 20))
    assert density == pytest.approx(70 / 17, rel=0.2)


def test_figures_count_fraud_by_campaign_and_honest_accounts_by_kind(world: World) -> None:
    inputs = world.inputs(START + 25 * DAY_US)
    scene = scene_of(inputs)
    rings = weigh(scene, *METHODS["average linkage among suspects"](scene), RingConfig())
    names = inputs.account_ids.to_pylist()
    mules = sorted(name for name in names if name.startswith("mule"))
    truth = {
        name: TrueAccount(name, "campaign", "one", "op", START)
        if name in mules[:-3]
        else TrueAccount(name, "person", None, None, None)
        for name in names
    }

    figures = Held(names, truth).figures(rings)

    assert figures["honest_flagged"] == pytest.approx(3 / (len(names) - len(mules) + 3))
    assert figures["worst_kind"] == figures["honest_flagged"]
    assert figures["recall"] == pytest.approx(1.0)
    assert figures["precision"] < 1.0


def test_a_folder_without_a_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no simulated world"):
        bench_rings(tmp_path, tmp_path / "work", model=False, progress=lambda *_: None)


@pytest.mark.slow
def test_a_world_is_lived_through_and_every_method_told(tmp_path: Path) -> None:
    write(small_world(accounts=160), tmp_path / "world")

    found = bench_rings(
        tmp_path / "world", tmp_path / "work", model=False, progress=lambda *_: None
    )

    assert set(found["methods"]) == {*METHODS, "the product, refreshed weekly"}
    assert all(row["honest_flagged"] <= 1.0 for row in found["methods"].values())
