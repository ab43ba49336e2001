"""Worlds keep the contract, repeat exactly, and say nothing of the truth in what they publish."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from graph.contract import TABLES, ColumnType
from graph.errors import InputError, UnknownName
from graph.simulate import PRESETS, World, digest, simulate, small_world, table, with_tactics, write
from graph.simulate.lexicon import PACKAGED_PROMPTS
from graph.simulate.tables import MAKERS, requests, truth
from graph.simulate.truth import load_truth


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


def test_every_table_of_the_contract_is_written_with_its_columns_and_types(
    world: World, tmp_path: Path
) -> None:
    write(world, tmp_path)

    for name, contract in TABLES.items():
        schema = pq.read_schema(tmp_path / "events" / f"{name}.parquet")
        assert tuple(schema.names) == contract.column_names
        for column in contract.columns:
            if column.type is ColumnType.TIME:
                assert schema.field(column.name).type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_no_row_lacks_what_the_contract_requires_or_leaves_its_codes(
    world: World, name: str
) -> None:
    rows, contract = table(world, name), TABLES[name]

    assert rows.num_rows > 0
    for column in contract.columns:
        values = rows[column.name]
        assert not column.required or values.null_count == 0, column.name
        if column.codes:
            assert set(values.drop_null().to_pylist()) <= set(column.codes)
    keys = list(zip(*(rows[key].to_pylist() for key in contract.key), strict=True))
    assert len(keys) == len(set(keys))


def test_events_lie_inside_the_window_and_after_their_accounts_sign_up(world: World) -> None:
    created = {a.account_id: a.created_at for a in world.cast}

    for name in ("requests", "sessions", "payments"):
        rows = table(world, name)
        at = np.asarray(rows["occurred_at"].cast(pa.int64()))
        begun = np.array([created[account] for account in rows["account_id"].to_pylist()])
        assert (at < world.town.end).all()
        assert (at >= begun).all(), name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    one, again, other = small_world(60, 1, 3), small_world(60, 1, 3), small_world(60, 1, 4)

    assert digest(one) == digest(again)
    assert digest(one) != digest(other)


def test_a_world_is_the_same_in_every_process(tmp_path: Path) -> None:
    program = "from graph.simulate import digest, small_world; print(digest(small_world(60, 1, 3)))"
    root = Path(__file__).parents[2]

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root,
        env={"PYTHONHASHSEED": "12345"},
    )  # fmt: skip

    assert run.stdout.strip() == digest(small_world(60, 1, 3))


def test_the_size_of_a_chunk_changes_nothing_but_the_words(world: World) -> None:
    whole = pa.Table.from_batches(list(requests(world)))
    pieces = pa.Table.from_batches(list(requests(world, chunk_rows=997)))

    for column in ("request_id", "account_id", "occurred_at", "ip", "model", "conversation_id"):
        assert whole[column].to_pylist() == pieces[column].to_pylist()


def test_published_events_never_name_a_campaign_an_operator_or_a_kind(
    world: World, tmp_path: Path
) -> None:
    write(world, tmp_path, "jsonl")
    secret = {a.campaign for a in world.cast} | {a.operator for a in world.cast}
    text = "".join(
        (tmp_path / "events" / f"{name}.jsonl").read_text()
        for name in ("signups", "sessions", "payments", "enforcements", "labels")
    )

    assert not [name for name in secret if name and name in text]


def test_account_ids_do_not_sort_by_kind_or_time(world: World) -> None:
    by_time = [a.account_id for a in world.cast]
    ranks = np.argsort(np.argsort(by_time))
    fraud = np.array([a.campaign is not None for a in world.cast])

    assert abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) < 0.25
    assert abs(ranks[fraud].mean() / len(ranks) - 0.5) < 0.2


def test_truth_comes_back_as_it_was_written(world: World, tmp_path: Path) -> None:
    write(world, tmp_path)

    known = load_truth(tmp_path)

    assert known == load_truth(tmp_path / "truth")
    assert {a.account_id for a in world.cast} == set(known)
    for account in world.cast:
        assert known[account.account_id].campaign == account.campaign
        assert known[account.account_id].active_from == account.active_from
    assert truth(world).num_rows == len(known)


def test_a_missing_truth_is_the_callers_error_and_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="looked for"):
        load_truth(tmp_path)


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_other_forms_carry_the_same_rows_with_iso_times(
    world: World, tmp_path: Path, fmt: str
) -> None:
    write(world, tmp_path, fmt)

    path = tmp_path / "events" / f"payments.{fmt}"
    rows = (
        pacsv.read_csv(path).to_pylist()
        if fmt == "csv"
        else [json.loads(line) for line in path.read_text().splitlines()]
    )
    expected = table(world, "payments").to_pylist()
    assert [row["event_id"] for row in rows] == [row["event_id"] for row in expected]
    moment = str(rows[0]["occurred_at"]).replace("Z", "+00:00")
    assert datetime.fromisoformat(moment) == expected[0]["occurred_at"]


def test_writing_again_in_another_form_leaves_no_stale_table(world: World, tmp_path: Path) -> None:
    write(world, tmp_path, "csv")

    write(world, tmp_path, "parquet")

    assert {path.suffix for path in (tmp_path / "events").iterdir()} == {".parquet"}


def test_world_json_names_the_seed_and_an_end_of_training_inside_the_window(
    world: World, tmp_path: Path
) -> None:
    write(world, tmp_path)

    described = json.loads((tmp_path / "world.json").read_text())

    assert described["seed"] == world.seed
    assert described["start"] < described["train_until"] < described["end"]


def test_progress_counts_every_row_of_every_table(tmp_path: Path) -> None:
    told: dict[str, int] = {}

    made = simulate(tmp_path, "small", 2, progress=lambda name, rows: told.update({name: rows}))

    assert set(told) == set(MAKERS)
    assert told["requests"] == len(made.activity)


def test_unknown_names_and_impossible_strengths_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownName, match="known: demo, hard"):
        simulate(tmp_path / "a", "nosuch", 1)
    with pytest.raises(UnknownName, match="shared_cards"):
        simulate(tmp_path / "a", "small", 1, tactics=["nosuch"])
    with pytest.raises(InputError, match=r"0\.\.1"):
        with_tactics(PRESETS["small"], ["jitter:7"])
    with pytest.raises(UnknownName, match="parquet"):
        simulate(tmp_path / "b", "small", 1, fmt="xml")

    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b" / "events").exists()


def test_named_tactics_replace_those_of_every_campaign() -> None:
    spec = with_tactics(PRESETS["small"], ["lockstep", "jitter:0.5"])

    assert all(c.tactics == (("lockstep", None), ("jitter", 0.5)) for c in spec.campaigns)


def test_phone_numbers_are_valid_for_their_countries(world: World) -> None:
    numbers = [(a.phone, a.country) for a in world.cast if a.phone]
    parsed = [phonenumbers.parse(phone) for phone, _ in numbers]

    assert len(numbers) > 50
    valid = np.mean([phonenumbers.is_possible_number(number) for number in parsed])
    assert valid > 0.97


def test_packaged_prompts_keep_source_and_licence_and_are_listed_in_the_attribution() -> None:
    sample = pq.read_table(PACKAGED_PROMPTS)
    attribution = PACKAGED_PROMPTS.with_name("ATTRIBUTION.md").read_text()

    assert 2_000 <= sample.num_rows <= 4_000
    assert PACKAGED_PROMPTS.stat().st_size < 500_000
    assert len(set(sample["lang"].to_pylist())) >= 6
    pairs = set(zip(sample["source"].to_pylist(), sample["licence"].to_pylist(), strict=True))
    assert all(f"| {source} | {licence} |" in attribution for source, licence in pairs)


def test_packaged_families_are_only_those_written_for_the_project() -> None:
    lines = PACKAGED_PROMPTS.with_name("families.jsonl").read_text().splitlines()

    assert len(lines) > 40
    assert {json.loads(line)["origin"] for line in lines} == {"written"}


def test_making_worlds_brings_no_learner_and_no_driver() -> None:
    program = (
        "import sys, graph.simulate, graph.simulate.hardness;"
        "print([m for m in ('torch', 'xgboost', 'sklearn', 'neo4j', 'fastapi', 'gnn', 'etl')"
        " if m in sys.modules])"
    )
    root = Path(__file__).parents[2]

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )

    assert run.stdout.strip() == "[]"
