"""Rings that share nothing but templates are found through prompt clusters alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from etl.backtest.source import Source, read_timeline
from etl.bench.prompt_world import KEY, judged_windows
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import fit, in_chunks
from graph.prompts import ClusterIndex, Fingerprinter, Marker, sketches_of
from graph.prompts.mark import intents_of
from graph.prompts.weigh import MIN_LINK_NATS
from graph.simulate import preset_named, simulate, table, with_tactics, world
from graph.simulate.tables import truth
from graph.simulate.truth import load_truth

pytestmark = pytest.mark.slow
TACTICS = ("unique_identifiers", "natural_emails", "residential_proxies", "paraphrase:0.3")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """A world of 3,000 honest people whose campaigns share nothing but templates, judged."""
    world = tmp_path_factory.mktemp("world")
    simulate(world, "demo", 3, list(TACTICS))
    timeline = read_timeline(Source(str(world / "events"), KEY), world, lambda *_: None)
    return judged_windows(timeline, load_truth(world))


def test_two_fits_a_week_apart_keep_their_ids_by_mass(judged):
    figures = judged["ids"]

    assert figures["prompts_in_both"] > 10_000
    assert figures["kept_by_mass"] >= 0.95
    assert figures["born"] > 0


def test_honest_pairs_that_share_a_template_in_a_world_stay_below_the_link_threshold(judged):
    figures = judged["honest pairs"]

    assert figures["pairs_that_share_one"] > 50_000
    assert figures["share"] <= 0.001


def test_pairs_of_a_campaign_are_tied_by_its_templates(judged):
    figures = judged["pairs of a campaign"]

    assert figures["pairs"] > 1_000
    assert figures["linked_by_clusters"] >= 0.5
    assert figures["sharing_an_identifier"] <= 0.1


def pairs_of(groups: Iterable[list[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(set(group)), 2)}


def test_template_rings_are_linked_with_clusters_and_not_without():
    made = world(with_tactics(preset_named("small"), TACTICS), 3)
    requests = pl.from_arrow(table(made, "requests")).sort("occurred_at", "request_id")
    last = pl.col("occurred_at") > pl.col("occurred_at").max() - pl.duration(days=14)
    requests = requests.filter(last)
    signups = pl.from_arrow(table(made, "signups"))
    names = signups["account_id"].to_list()
    number = {name: i + 1 for i, name in enumerate(names)}
    opened = dict(zip(names, signups["created_at"].cast(pl.Int64), strict=True))
    asked = requests["account_id"].to_list()
    marker = Marker(Fingerprinter(b"a key of the tests, 32 bytes long"))
    marks = [marker.mark_of(text) for text in requests["prompt"]]
    at = requests["occurred_at"].cast(pl.Int64).to_numpy()
    columns = replace(
        PromptColumns.of(np.array([number[one] for one in asked]), at, sketches_of(marks)),
        since=np.array([opened[one] for one in asked]),
        intent=intents_of(marks),
    )

    found = fit(in_chunks(columns), ClusterIndex.empty("test"), int(at.max())).statistics

    clusters = pl.from_arrow(found.clusters).filter(pl.col("weight") >= MIN_LINK_NATS)
    edges = pl.from_arrow(found.edges).join(clusters.select("cluster_id"), on="cluster_id")
    groups = edges.group_by("cluster_id").agg("account")["account"].to_list()
    with_clusters = pairs_of([[names[i - 1] for i in group] for group in groups])
    sharing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for column in ("device_id", "phone", "ip", "email"):
        for name, value in zip(names, signups[column], strict=True):
            if value is not None:
                sharing[column, value].append(name)
    without = pairs_of(sharing.values())
    told = pl.from_arrow(truth(made))
    campaign = dict(zip(told["account_id"], told["campaign"], strict=True))
    sizes = Counter(campaign[one] for one in set(asked) if campaign[one])
    ring_pairs = sum(n * (n - 1) // 2 for n in sizes.values())

    def recall(links: set[tuple[str, str]]) -> float:
        return (
            sum(campaign[a] is not None and campaign[a] == campaign[b] for a, b in links)
            / ring_pairs
        )

    assert recall(without) <= 0.1
    assert recall(with_clusters) >= recall(without) + 0.4
