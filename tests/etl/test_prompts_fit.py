"""Clusters of prompts: found, named for good, and worth nothing where honest people share them."""

import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from etl.prompts.columns import InMemory, PromptColumns
from etl.prompts.counts import DAY_US, Floors, heavy_shingles
from etl.prompts.fit import FitParams, fit, fit_clusters, in_chunks
from etl.prompts.lineage import inherit
from etl.prompts.shelves import Shelves
from etl.prompts.statistics import statistics
from etl.prompts.templates import TemplateBook
from graph.errors import InputError
from graph.prompts import ClusterIndex, Fingerprinter
from graph.prompts.weigh import MIN_LINK_NATS

KEY = b"a key of the tests, 32 bytes long"
START = 1_750_000_000_000_000
READER = Fingerprinter(KEY)
EMPTY = ClusterIndex.empty(READER.key_id)


class Traffic:
    """Prompts of invented words: strangers' singles, and templates that groups of accounts send."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.words = ["".join(self.rng.choices("aeioubcdfglmnprst", k=6)) for _ in range(9_000)]
        self.rows: list[tuple[int, int, str, int]] = []
        self.accounts = 0
        self.roaming: set[int] = set()

    def text(self, number: int) -> str:
        return " ".join(self.rng.choices(self.words, k=number))

    def new(self, number: int, ages_days: tuple[int, int]) -> list[tuple[int, int]]:
        """Accounts, and when each signed up."""
        first, self.accounts = self.accounts, self.accounts + number
        low, high = ages_days
        return [
            (one, START - self.rng.randrange(low * DAY_US, high * DAY_US))
            for one in range(first + 1, first + number + 1)
        ]

    def say(self, account: tuple[int, int], text: str, day: float | None = None) -> None:
        at = START + round((self.rng.random() * 14 if day is None else day) * DAY_US)
        self.rows.append((at, account[0], text, account[1]))

    def send(self, template: str, accounts: list[tuple[int, int]], each: int) -> None:
        for account in accounts:
            for _ in range(each):
                self.say(account, f"{self.text(4)} {template} {self.text(12)}")

    def send_in_volleys(self, template: str, accounts: list[tuple[int, int]], volleys: int) -> None:
        """Half of the accounts within five minutes, again and again."""
        for _ in range(volleys):
            day = self.rng.random() * 14
            for account in self.rng.sample(accounts, len(accounts) // 2):
                text = f"{self.text(4)} {template} {self.text(12)}"
                self.say(account, text, day + self.rng.random() / 288)

    def strangers(self, number: int) -> None:
        for account in self.new(number, (1, 500)):
            for _ in range(2):
                self.say(account, self.text(15))

    def columns(self) -> PromptColumns:
        rows = sorted(self.rows)
        sketches = READER.sketches([row[2] for row in rows])
        account, at = (np.array([row[i] for row in rows], np.int64) for i in (1, 0))
        since = np.array([row[3] for row in rows], np.int64)
        away = np.isin(account, sorted(self.roaming))
        network = np.where(away, 1_000_000 + np.arange(len(rows)), account)
        columns = PromptColumns.of(account, at, sketches)
        return replace(columns, since=since, network=network)


def in_parts(columns: PromptColumns, size: int) -> list[PromptColumns]:
    starts = range(0, len(columns), size)
    return [columns.rows(at, min(at + size, len(columns))) for at in starts]


def weight_of(template: str, traffic: Traffic) -> tuple[float, str]:
    """What sharing ``template`` is worth after a fit, and why; 0 if it is in no cluster."""
    index, table = fit_clusters(traffic.columns(), EMPTY, START + 14 * DAY_US)
    name = index.assign(READER.sketch(template)).cluster_id
    rows = {row["cluster_id"]: row for row in table.to_pylist()}
    return (rows[name]["weight"], rows[name]["why"]) if name in rows else (0.0, "no cluster")


@pytest.fixture
def traffic() -> Traffic:
    made = Traffic()
    made.strangers(600)
    return made


def test_two_templates_become_two_clusters_and_strangers_none(traffic):
    templates = [traffic.text(20), traffic.text(20)]
    for template in templates:
        traffic.send(template, traffic.new(12, (1, 5)), 8)

    index, table = fit_clusters(traffic.columns(), EMPTY, START + 14 * DAY_US)

    assert len(index) == 2
    assert sorted(row["accounts"] for row in table.to_pylist()) == [12, 12]
    assert all(row["prompts"] == 96 for row in table.to_pylist())
    assert index.assign(READER.sketch(traffic.text(40))).cluster_id is None


def test_the_same_marks_give_the_same_index(traffic):
    traffic.send(traffic.text(20), traffic.new(12, (1, 5)), 8)
    columns = traffic.columns()

    one, other = (fit(in_chunks(columns), EMPTY, START).index for _ in range(2))
    split = fit(InMemory([columns.rows(0, 500), columns.rows(500, len(columns))]), EMPTY, START)

    assert one.digest == other.digest == split.index.digest


def test_nothing_to_fit_gives_an_empty_index():
    index, table = fit_clusters(
        PromptColumns.of(*[np.empty(0, np.int64)] * 2, READER.sketches([])), EMPTY, START
    )

    assert (len(index), table.num_rows) == (0, 0)


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError, match="differ in length"):
        PromptColumns.of(np.zeros(2), np.zeros(3), READER.sketches(["a", "b"]))


def test_one_busy_account_makes_no_heavy_shingle(traffic):
    template = traffic.text(20)
    traffic.send(template, traffic.new(1, (1, 5)), 300)
    traffic.send(template, traffic.new(3, (1, 5)), 30)

    heavy = heavy_shingles(in_chunks(traffic.columns()), Floors(buckets_log2=16))

    assert not np.isin(READER.sketch(template), heavy.shingles).any()


def test_counts_of_heavy_shingles_are_exact(traffic):
    template = traffic.text(20)
    traffic.send(template, traffic.new(9, (1, 5)), 7)

    heavy = heavy_shingles(in_chunks(traffic.columns()), Floors(buckets_log2=12))

    at = np.searchsorted(heavy.shingles, READER.sketch(template))
    assert (heavy.prompts[at] == 63).all()
    assert (heavy.accounts[at] == 9).all()


def test_counting_in_parts_finds_the_same(traffic):
    traffic.send(traffic.text(20), traffic.new(9, (1, 5)), 7)
    source = in_chunks(traffic.columns())

    whole = heavy_shingles(source, Floors(buckets_log2=12))
    parts = heavy_shingles(source, Floors(buckets_log2=12, keys_at_once=500))

    for name in ("shingles", "prompts", "accounts"):
        assert (getattr(whole, name) == getattr(parts, name)).all()
    assert len(whole.shingles) >= 18


def test_rows_put_aside_in_files_give_the_same_figures_and_leave_no_file(
    traffic, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for size in (8, 12, 20):
        traffic.send(traffic.text(25), traffic.new(size, (1, 90)), 9)
    source = InMemory(in_parts(traffic.columns(), 300))
    index = fit(source, EMPTY, START).index

    held = statistics(source, index, START + 14 * DAY_US)
    aside = statistics(source, index, START + 14 * DAY_US, rows_at_once=100)

    assert held.clusters.num_rows == 3
    assert aside.edges.equals(held.edges)
    for name in held.clusters.column_names:
        one, other = (found.clusters[name].to_pylist() for found in (held, aside))
        assert one == (other if isinstance(other[0], str) else pytest.approx(other)), name
    assert list(tmp_path.iterdir()) == []


def test_a_shelf_holds_all_rows_of_its_clusters_in_their_order():
    rng = np.random.default_rng(4)
    rows = pl.DataFrame({"cluster": rng.integers(0, 90, 5_000), "n": np.arange(5_000)})

    with Shelves(700) as shelves:
        for start in range(0, 5_000, 500):
            shelves.add(rows[start : start + 500])
        parts = list(shelves.parts())

    assert shelves.spilled
    assert len(parts) > 10
    assert all(part["n"].is_sorted() for part in parts)
    homes = pl.concat([part.select("cluster").unique() for part in parts])
    assert homes["cluster"].is_unique().all()
    assert sorted(pl.concat(parts)["n"].to_list()) == list(range(5_000))


def test_a_new_ring_that_sends_a_rare_template_in_volleys_is_tied(traffic):
    template = traffic.text(20)
    traffic.send_in_volleys(template, traffic.new(12, (1, 5)), 40)

    weight, why = weight_of(template, traffic)

    assert weight >= MIN_LINK_NATS
    assert why.startswith("rare and new")


@pytest.mark.parametrize("at_home", [False, True])
def test_steady_newcomers_are_tied_if_they_are_at_home_nowhere_and_a_course_is_not(
    traffic, at_home
):
    template, readers = traffic.text(20), traffic.new(30, (1, 3))
    traffic.send(template, readers, 20)
    if not at_home:
        traffic.roaming.update(account for account, _ in readers)

    weight, why = weight_of(template, traffic)

    assert (weight < MIN_LINK_NATS) == at_home
    assert why.startswith("says little" if at_home else "rare and new")


def test_a_hackathon_that_works_a_weekend_on_starter_prompts_is_not_tied(traffic):
    starter = traffic.text(20)
    for guest in traffic.new(40, (0, 1)):
        for _ in range(25):
            day = 4 + traffic.rng.random() * 2
            traffic.say(guest, f"{starter} {traffic.text(12)}", day)

    weight, _ = weight_of(starter, traffic)

    assert weight < MIN_LINK_NATS


def test_few_that_go_in_step_do_not_tie_the_many_that_share_their_template(traffic):
    template = traffic.text(20)
    traffic.send_in_volleys(template, traffic.new(10, (1, 5)), 40)
    traffic.send(template, traffic.new(10, (1, 5)), 8)

    weight, _ = weight_of(template, traffic)

    assert weight < MIN_LINK_NATS


@pytest.mark.parametrize("crowd", [10, 100, 5_000])
def test_honest_accounts_that_share_a_public_template_are_not_tied(crowd):
    tied = pairs = 0
    for seed in range(20 if crowd < 1_000 else 1):
        traffic = Traffic(seed)
        traffic.strangers(8_000 if crowd > 1_000 else 300)
        template = traffic.text(20)
        traffic.send(template, traffic.new(crowd, (1, 400)), 6 if crowd < 1_000 else 2)
        pairs += crowd * (crowd - 1) // 2
        tied += (weight_of(template, traffic)[0] >= MIN_LINK_NATS) * crowd * (crowd - 1) // 2

    assert tied <= pairs / 1_000


def test_honest_accounts_that_share_a_template_with_a_campaign_are_not_tied(traffic):
    template = traffic.text(20)
    traffic.send(template, traffic.new(40, (1, 400)), 6)
    traffic.send(template, traffic.new(60, (0, 5)), 20)

    weight, why = weight_of(template, traffic)

    assert weight < MIN_LINK_NATS
    assert why.startswith("public template")


def test_a_class_that_sends_one_exercise_is_not_tied(traffic):
    exercise = traffic.text(20)
    for student in traffic.new(40, (1, 5)):
        for _ in range(2):
            traffic.say(student, exercise, day=3.4)

    weight, _ = weight_of(exercise, traffic)

    assert weight < MIN_LINK_NATS


def test_a_class_that_answers_one_form_in_its_own_words_is_not_tied(traffic):
    form = traffic.text(20)
    for student in traffic.new(16, (1, 5)):
        for _ in range(4):
            traffic.say(student, f"{form} {traffic.text(12)}", day=3 + traffic.rng.random() / 5)

    weight, why = weight_of(form, traffic)

    assert weight < MIN_LINK_NATS
    assert why.startswith("an exercise")


def test_clusters_keep_their_ids_from_week_to_week(traffic):
    for size in (8, 12, 20, 30):
        traffic.send(traffic.text(25), traffic.new(size, (1, 5)), 14)
    columns = traffic.columns()
    week = columns.at < START + 10 * DAY_US
    first = fit(in_chunks(columns.rows(0, int(week.sum()))), EMPTY, START + 10 * DAY_US)
    late = int((columns.at < START + 4 * DAY_US).sum())

    second = fit(in_chunks(columns.rows(late, len(columns))), first.index, START + 14 * DAY_US)

    before, now = (r.index.assign_many(columns.sketches).cluster for r in (first, second))
    kept = [
        first.index.ids[b] == second.index.ids[n]
        for b, n in zip(before, now, strict=True)
        if b >= 0
    ]
    assert len(kept) > 500
    assert np.mean(kept) >= 0.95


def test_a_cluster_that_fell_silent_is_known_when_it_returns(traffic):
    template = traffic.text(20)
    traffic.send(template, traffic.new(12, (1, 5)), 8)
    before = fit(in_chunks(traffic.columns()), EMPTY, START).index
    quiet = Traffic(2)
    quiet.strangers(300)

    after = fit(in_chunks(quiet.columns()), before, START + DAY_US).index

    sketch = READER.sketch(template)
    assert after.assign(sketch).cluster_id == before.assign(sketch).cluster_id is not None


def test_splits_and_mergers_are_recorded():
    mass = np.array([[60.0, 40.0, 0.0], [0.0, 0.0, 30.0], [0.0, 0.0, 20.0]])

    line = inherit(mass, ("a", "b", "c"), ("x", "y", "z"))

    assert line.ids == ("a", "y", "b")
    assert [(e.kind, e.cluster_id, e.others) for e in line.events] == [
        ("split", "y", ("a",)),
        ("merged", "b", ("c",)),
    ]


def test_no_canary_reaches_a_file_or_a_template(traffic, tmp_path):
    template = traffic.text(20)
    senders = traffic.new(12, (1, 5))
    traffic.send(template, senders, 8)
    canaries = ["xcanaryslot", "xcanaryfew", "xcanaryalone"]
    for account in senders[:4]:
        for _ in range(8):
            traffic.say(account, f"{template} xcanaryslot stands {traffic.text(5)}")
            traffic.say(account, f"{template} so says xcanaryfew to you {traffic.text(3)}")
    for _ in range(60):
        traffic.say(senders[0], f"xcanaryalone wrote {traffic.text(3)} {template}")
    texts = [row[2] for row in traffic.rows]

    result = fit(in_chunks(traffic.columns()), EMPTY, START, FitParams(Floors(min_accounts=3)))
    book = TemplateBook(READER, result.index)
    book.read(texts)
    result.index.save(tmp_path / "index.npz")

    shown = " ".join(book.templates.values())
    kept = (tmp_path / "index.npz").read_bytes() + repr(result.statistics).encode()
    assert template.split()[5] in shown
    assert not any(canary in shown for canary in canaries)
    assert not any(word.encode() in kept for word in [*canaries, *template.split()])
