"""Rings that share nothing but templates are found through prompt clusters alone."""

from pathlib import Path

import pytest

from etl.backtest.source import Source, read_timeline
from etl.bench.prompt_world import KEY, bench_templates, judged_windows
from graph.simulate import simulate
from graph.simulate.truth import load_truth

pytestmark = pytest.mark.slow
TACTICS = ("unique_identifiers", "natural_emails", "residential_proxies", "paraphrase:0.3")


def judged_world(folder: Path, preset: str, seed: int) -> dict[str, dict[str, float]]:
    """A world whose campaigns share nothing but templates, judged."""
    simulate(folder, preset, seed, list(TACTICS))
    timeline = read_timeline(Source(str(folder / "events"), KEY), folder, lambda *_: None)
    return judged_windows(timeline, load_truth(folder))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """3,000 honest people and seven campaigns, with a seed that no rule was chosen on."""
    return judged_world(tmp_path_factory.mktemp("world"), "demo", 6)


def test_two_fits_a_week_apart_keep_their_ids_by_mass(judged):
    figures = judged["ids"]

    assert figures["prompts_in_both"] > 10_000
    assert figures["kept_by_mass"] >= 0.95
    assert figures["born"] > 0


def test_honest_pairs_that_share_a_template_in_a_world_stay_below_the_link_threshold(judged):
    figures = judged["honest pairs"]

    assert figures["pairs_that_share_one"] > 20_000
    assert figures["share"] <= 0.001


def test_pairs_of_a_campaign_are_tied_by_its_templates(judged):
    figures = judged["pairs of a campaign"]

    assert figures["pairs"] > 1_000
    assert figures["linked_by_clusters"] >= 0.5
    assert figures["sharing_an_identifier"] <= 0.1


def test_template_rings_are_linked_with_clusters_and_not_without(tmp_path):
    figures = judged_world(tmp_path, "small", 3)["pairs of a campaign"]

    assert figures["pairs"] > 50
    assert figures["sharing_an_identifier"] <= 0.1
    assert figures["linked_by_clusters"] >= figures["sharing_an_identifier"] + 0.4


def test_template_rings_stand_in_the_queue_with_clusters_and_not_without(tmp_path):
    simulate(tmp_path, "small", 3, list(TACTICS))

    rings = bench_templates(tmp_path, tmp_path, lambda *_: None)["rings"]

    found, alone = rings["listed, with clusters"], rings["listed, without"]
    assert found["campaigns"] == alone["campaigns"] == 3
    assert found["found"] > alone["found"]
    assert found["fraud_held"] >= alone["fraud_held"] + 0.2
    assert found["recall"] >= alone["recall"] + 0.1
