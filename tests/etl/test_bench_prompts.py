"""The prompt benchmark says what it left out, and measures itself at scale."""

import json
import random
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.cli.verbs import run
from etl.bench.prompt_scale import Generated, OnDisk, bench_scale, write_marks
from etl.bench.prompt_world import Window, ids_kept
from etl.bench.prompts import METHODS, Plan, as_table, bench_prompts, missing, plan_of
from etl.bench.template_rings import found_by
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import FitResult
from etl.prompts.statistics import Statistics
from graph.prompts import ClusterIndex, Sketches
from graph.rings.model import Member, Ring, Status, Verdict
from graph.simulate.truth import TrueAccount


def test_a_rival_that_is_not_installed_is_named_in_the_table(monkeypatch):
    function, limit, _ = METHODS["minhash_lsh"]
    monkeypatch.setitem(METHODS, "minhash_lsh", (function, limit, "no_such_package"))

    assert "minhash_lsh" in missing()
    assert "minhash_lsh is left out: its package is not installed" in as_table([])


def test_figures_at_scale_are_ratios_and_the_templates_are_found(tmp_path):
    figures = bench_scale(60_000, tmp_path)

    assert figures["found"]["clusters"] >= 1
    assert figures["rates"]["times_read_and_hash"] > 1
    assert figures["online"]["assign_median_us"] < 1_000
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_generated_marks_read_the_same_every_time(tmp_path):
    write_marks(3_000, tmp_path)

    one, other = (next(iter(OnDisk(tmp_path).chunks())) for _ in range(2))

    assert (one.sketches.values == other.sketches.values).all()
    assert len(one) == 3_000
    assert np.diff(one.at).min() >= 0
    assert Generated(100).texts(5)[0] == Generated(100).texts(5)[0]


def test_the_command_asks_for_a_path_or_a_scale(capsys):
    assert run(["bench", "prompts"], {}) != 0

    assert "--scale" in capsys.readouterr().err


def test_the_command_takes_a_scale(capsys):
    assert run(["bench", "prompts", "--scale", "10000", "--json"], {}) == 0

    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"memory", "found", "cpu seconds", "rates", "online"}


@pytest.mark.parametrize(
    ("option", "said"),
    [("--level=5", "no level 5"), ("--method=k_means", "no method"), ("--unrelated=1", "a share")],
)
def test_a_part_that_the_table_does_not_have_is_refused(option, said, tmp_path, capsys):
    paths = [str(tmp_path / "prompts.parquet"), "--families", str(tmp_path / "families.jsonl")]

    assert run(["bench", "prompts", *paths, option], {}) != 0

    assert said in capsys.readouterr().err


def test_one_level_share_and_method_are_run_alone(tmp_path):
    rng = random.Random(3)
    words = ["".join(rng.choices("aeioubcdfglmnprst", k=6)) for _ in range(900)]
    texts = [" ".join(rng.choices(words, k=30)) for _ in range(400)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "prompts.parquet")
    families = [
        {"id": f"f{i}", "intent": "rubric", "sentences": [" ".join(rng.choices(words, k=25))]}
        for i in range(3)
    ]
    lines = "\n".join(json.dumps(one) for one in families)
    (tmp_path / "families.jsonl").write_text(lines, "utf-8")
    plan = replace(plan_of([1], [0.25], ["ringsight"]), scale=0.02)

    rows = bench_prompts(tmp_path / "prompts.parquet", tmp_path / "families.jsonl", plan)

    (row,) = rows
    assert (row.method, row.level, row.unrelated) == ("ringsight", 1, 0.25)
    assert row.f1 > 0.9
    assert plan_of() == Plan()


def fitted(templates: dict[str, list[int]]) -> FitResult:
    """A fit that found these templates, given by their shingles."""
    rows = sorted((shingle, i) for i, one in enumerate(templates.values()) for shingle in one)
    shingle, owner = (np.array(column) for column in zip(*rows, strict=True))
    index = ClusterIndex(
        shingle.astype(np.uint64),
        owner.astype(np.int32),
        np.full(len(rows), 9, np.uint32),
        tuple(templates),
        "key",
        0,
        typical=np.ones(len(rows), np.float32),
        own=np.ones(len(rows), np.float32),
    )
    return FitResult(index, Statistics(pa.table({}), pa.table({})), ())


def seen(prompts: list[list[int]]) -> Window:
    """A window of prompts, given by their shingles."""
    offsets = np.cumsum([0, *map(len, prompts)])
    sketches = Sketches(offsets, np.concatenate(prompts).astype(np.uint64))
    account = np.ones(len(prompts), np.int64)
    return Window(PromptColumns.of(account, np.arange(len(prompts)), sketches), ("a",))


def test_a_split_keeps_an_id_and_a_merger_loses_one_by_its_mass():
    one, two, three = (list(range(start, start + 10)) for start in (0, 10, 20))
    before = fitted({"a": one + two, "b": three, "c": list(range(30, 40))})
    split = fitted({"a": one, "new": two, "b": three, "c": list(range(30, 40))})
    merged = fitted({"a": one + two + three, "c": list(range(30, 40))})
    window = seen([*[one] * 6, *[two] * 4, *[three] * 10])

    after_split, after_merger = (ids_kept(before, now, window) for now in (split, merged))

    assert after_split["kept_by_mass"] == 1.0
    assert after_split["prompts_under_their_id"] == 0.8
    assert after_merger["kept_by_mass"] == 0.5
    assert after_merger["prompts_under_their_id"] == 0.5


def ring_of(*names: str) -> Ring:
    """A ring of these accounts, of which nothing else is known."""
    members = tuple(Member(name, 1.0, 0) for name in names)
    return Ring(names[0], 1, 0.5, False, Status.ACTIVE, Verdict.UNCLEAR, members, {}, (), (), 0, 1)


def test_a_campaign_is_found_by_a_ring_that_is_mostly_it_and_holds_most_of_it():
    campaigns = ["one"] * 4 + ["other"] * 4 + ["pair"] * 2 + [None] * 4
    accounts = [TrueAccount(f"a{i:02}", "", c, None, None) for i, c in enumerate(campaigns)]
    name = [one.account_id for one in accounts]
    caught, drowned = ring_of(*name[:3], name[10]), ring_of(*name[4:6], *name[11:14])

    figures = found_by([caught, drowned], accounts)

    assert (figures["rings"], figures["campaigns"], figures["found"]) == (2, 2, 0.5)
    assert figures["recall"] == (3 * 0.75 + 0.25 + 2 * 0.5 + 2 * 0.25 + 2 * 0.5) / 10
    assert figures["fraud_held"] == 0.5
    assert figures["honest_held"] == 1.0


def test_without_rings_no_campaign_is_found():
    accounts = [TrueAccount(f"a{i}", "", "one", None, None) for i in range(4)]

    figures = found_by([], accounts)

    assert (figures["found"], figures["recall"], figures["precision"]) == (0.0, 0.25, 1.0)
