"""What the intent model learns from, how it is calibrated, and that it is the one that ships."""

import json
import random
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from etl.bench.intent import calibration_error, chances, figures, held_out
from etl.bench.prompt_streams import Corpus, read_corpus, read_families
from etl.prompts.intent import balance, calibration_of, fitted, train_intent, written_families
from etl.prompts.intent_examples import Cluster, campaigns, honest, part, wordings
from graph.prompts.intent import INTENTS, ORDINARY, shipped


@pytest.fixture(scope="module")
def sample() -> Corpus:
    with as_file(files("graph.simulate").joinpath("data/prompts.parquet")) as path:
        return read_corpus(path)


@pytest.fixture(scope="module")
def packaged():
    with as_file(files("graph.simulate").joinpath("data/families.jsonl")) as path:
        yield path


def test_only_families_written_for_the_purpose_are_learnt_from(tmp_path, packaged):
    toolkit = {
        "id": "kit",
        "intent": "rubric",
        "origin": "toolkit:x",
        "sentences": ["Rate the answer by the rubric: {r}"],
    }
    path = tmp_path / "families.jsonl"
    path.write_text(packaged.read_text("utf-8") + json.dumps(toolkit) + "\n", "utf-8")

    names = {family.name for family in written_families(path)}

    assert "kit" not in names
    assert len(names) >= 50
    assert "kit" in {family.name for family in read_families(path, only="toolkit")[0]}


def test_every_intent_has_sentences_of_its_own_and_none_is_of_a_family(packaged):
    said = wordings()
    planted = {
        sentence
        for line in packaged.read_text("utf-8").splitlines()
        for sentence in json.loads(line).get("sentences", [])
    }

    assert set(said) == set(INTENTS)
    for sentences in said.values():
        assert len(set(sentences)) >= 15
        assert not planted & set(sentences)


def test_no_text_stands_on_both_sides_of_a_test(sample):
    for fold in range(3):
        rest, held = part(sample, fold, 3)

        assert not {*rest.slots, *rest.traffic} & {*held.slots, *held.traffic}
        assert len(rest.traffic) > len(held.traffic) > 0


def test_seven_clusters_in_ten_weigh_as_ordinary():
    intent = np.array([ORDINARY] * 2 + [0] * 10 + [1])

    weight = balance(intent)

    assert weight[intent == ORDINARY].sum() == pytest.approx(0.7)
    assert weight[intent == 0].sum() == pytest.approx(weight[intent == 1].sum())


def test_what_was_said_is_held_against_what_was_so():
    chance = np.array([0.9, 0.9, 0.1, 0.1])
    wanted = np.array([True, False, False, False])

    assert calibration_error(chance, wanted, np.ones(4)) == pytest.approx((0.8 + 0.2) / 4)


def test_a_model_too_sure_of_itself_is_calmed():
    rng = np.random.default_rng(1)
    intent = rng.integers(0, len(INTENTS), 700)
    said = np.where(rng.random(700) < 0.6, intent, rng.integers(0, len(INTENTS), 700))
    logits = 20.0 * np.eye(len(INTENTS))[said]

    slope = calibration_of(logits, intent)[0, 0]

    assert slope < 0.4


def test_figures_of_a_perfect_and_of_an_empty_answer():
    intent = np.array([0, 0, ORDINARY, ORDINARY])
    perfect = figures(np.eye(len(INTENTS))[intent], intent)
    empty = figures(np.full((4, len(INTENTS)), 0.3), intent)

    assert perfect["any but ordinary"]["ap"] == 1.0
    assert perfect["any but ordinary"]["brier"] == perfect["any but ordinary"]["ece"] == 0.0
    assert empty["any but ordinary"]["auroc"] == 0.5
    assert set(perfect) == {INTENTS[0], "ordinary", "any but ordinary"}


def test_the_same_clusters_give_the_same_weights():
    words = [f"grade the reply number {i} by the rubric" for i in range(9)]
    others = [f"where is my parcel number {i} today please" for i in range(9)]
    clusters = [
        Cluster("a", INTENTS.index("reward_grading"), tuple(words)),
        Cluster("b", ORDINARY, tuple(others)),
        Cluster("c", 0, tuple(f"think aloud about {i} and then about {i}" for i in range(9))),
    ]

    one, other = fitted(clusters), fitted(clusters)

    assert (one[0] == other[0]).all()
    assert one[0].any(axis=0).all()


def test_the_shipped_model_is_small_and_tells_campaigns_from_what_it_never_saw(sample, packaged):
    single, _ = read_families(packaged)
    rng = random.Random(3)
    clusters = [*campaigns(single[::4], sample, rng), *honest(sample, rng, 30)]
    intent = np.array([one.intent for one in clusters])

    found = chances(shipped(), clusters)

    size = files("graph.prompts").joinpath("data/intent.npz").read_bytes()
    assert len(size) < 200_000
    assert np.allclose(found.sum(axis=1), 1)
    assert (found[intent == ORDINARY, ORDINARY] > 0.5).mean() >= 0.9
    assert (found[intent != ORDINARY, ORDINARY] < 0.5).mean() >= 0.9


def test_the_shipped_model_is_made_again_by_its_command(packaged):
    with as_file(files("graph.simulate").joinpath("data/prompts.parquet")) as prompts:
        again = train_intent(packaged, Path(prompts))

    assert np.abs(again.weights - shipped().weights).max() <= 0.05
    assert np.abs(again.calibration - shipped().calibration).max() <= 0.05


@pytest.mark.slow
def test_families_that_no_model_saw_are_told_from_ordinary_use_and_the_chances_hold(
    sample, packaged
):
    single, reworded = read_families(packaged)

    found = held_out([*single, *reworded], sample, lambda *_: None)

    assert found["any but ordinary"]["ap"] >= 0.85
    for row in found.values():
        assert row["ece"] <= 0.05
        assert row["brier"] < row["brier_of_nothing"]
