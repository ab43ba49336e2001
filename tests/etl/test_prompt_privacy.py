"""Prompts are read, used and forgotten: no canary is found in any byte that a job leaves behind."""

import contextlib
import io
import logging
from pathlib import Path

import polars as pl
import pytest

from etl.backtest.run import BacktestConfig
from etl.backtest.source import Source, backtest_source
from etl.jobs import Deployment, refresh_now, train_bundle
from etl.load import BuildOptions, build
from etl.prompts.fit import fit_clusters
from etl.prompts.templates import prompts_in, showing
from etl.train import Course
from gnn.shelf import Shelf
from gnn.signing import Signer, Trust
from graph.door import Door
from graph.journal.journal import Journal
from graph.simulate import simulate
from graph.simulate.truth import load_truth
from graph.stores import open_store

KEY = b"a key for tests, never for data!"
DAY_US = 86_400_000_000
TEMPLATE = "kindly weigh the argument of every witness and then name the strongest objection to it"
SYSTEM = "you are the patient clerk of a court who never gives an opinion and cites every source"
CANARIES = ("xqslotcanary", "xqfewcanary", "xqlonecanary", "xqsystemcanary", "xqmarycanary")


def silent(step: str, done: int, total: int) -> None:
    """Tells nobody."""


def planted(folder: Path) -> int:
    """A small world whose requests carry canaries; gives the suggested end of training (us).

    Twelve accounts send one template, with a canary in the slots of four; four accounts send a text
    of their own, one account another sixty times, three have a canary in the system prompt, and
    eight share a system prompt.
    """
    made = simulate(folder, "small", seed=4)
    path = folder / "events" / "requests.parquet"
    rows = pl.read_parquet(path)
    busy = rows["account_id"].value_counts(sort=True)["account_id"].to_list()
    prompts, systems = rows["prompt"].to_list(), rows["system_prompt"].to_list()
    seen: dict[str, int] = {}
    for i, account in enumerate(rows["account_id"].to_list()):
        place = busy.index(account)
        seen[account] = seen.get(account, 0) + 1
        secret = f"{CANARIES[0]} {CANARIES[4]}" if place < 4 else f"number {i} of the list"
        if place < 12 and seen[account] % 2:
            prompts[i] = f"{TEMPLATE}: {secret} said so"
        elif place < 4:
            prompts[i] = f"please keep to yourself that {CANARIES[1]} lives at the old mill"
        elif place == 12:
            prompts[i] = f"my own name is {CANARIES[2]} and nobody else says this at all"
        elif 16 <= place < 24:
            systems[i] = f"{SYSTEM} in case {seen[account]}"
        elif 12 < place < 16:
            systems[i] = f"you answer for {CANARIES[3]} and for nobody else in the whole world"
    rows.with_columns(
        prompt=pl.Series(prompts, dtype=pl.String),
        system_prompt=pl.Series(systems, dtype=pl.String),
    ).write_parquet(path)
    return made.train_until


def found_in(folder: Path, told: str) -> list[tuple[str, str]]:
    """Which canary stands in which file under ``folder``, or in what was ``told``."""
    kept = {str(path): path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()}
    assert kept
    kept["told"] = told.lower().encode()
    marks = [canary.encode() for canary in CANARIES]
    marks += [mark.decode().encode("utf-16-le") for mark in marks]
    return [(name, str(mark)) for name, text in kept.items() for mark in marks if mark in text]


@contextlib.contextmanager
def listening():
    """Everything said on the way: log, stdout and stderr."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    logging.getLogger().addHandler(handler)
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        yield told
    logging.getLogger().removeHandler(handler)


def test_build_and_refresh_leave_no_canary_and_show_the_template(tmp_path):
    planted(tmp_path / "world")
    home, events = tmp_path / "home", str(tmp_path / "world" / "events")
    home.mkdir()
    door = Door(KEY)
    systems = prompts_in(events, column="system_prompt")
    fit = showing(fit_clusters, prompts_in(events), door.marker.fingerprinter, systems)

    with (
        listening() as told,
        Journal(home / "journal.db", door.key_id) as journal,
        open_store(f"sqlite:///{home}/graph.db") as store,
    ):
        build(events, journal, store, door, BuildOptions(progress=silent))
        moment = pl.read_parquet(Path(events) / "requests.parquet")["occurred_at"].max()
        as_of = int(moment.timestamp() * 1e6) - 2 * DAY_US
        report = refresh_now(Deployment(journal, store, fit, home / "refresh"), None, as_of, silent)
        left = found_in(home, told.getvalue())
    shown = [text for text in report.state.asked.clusters["template"].to_pylist() if text]

    assert left == []
    assert any("weigh the argument of every witness" in text for text in shown)
    assert any("clerk of a court who never gives" in text for text in shown)
    assert not any(canary in text for text in shown for canary in CANARIES)


@pytest.mark.slow
def test_training_and_a_back_test_leave_no_canary(tmp_path):
    until = planted(tmp_path / "world")
    events, out, home = str(tmp_path / "world" / "events"), tmp_path / "out", tmp_path / "home"
    home.mkdir()
    door = Door(KEY)

    with listening() as told:
        with (
            Journal(home / "journal.db", door.key_id) as journal,
            open_store(f"sqlite:///{home}/graph.db") as store,
        ):
            build(events, journal, store, door, BuildOptions(progress=silent))
            bundle = train_bundle(journal, fit_clusters, until, 1, silent)
        signer = Signer.fresh()
        Shelf(home / "bundles", Trust.of([signer.public]), signer).put(bundle)
        config = BacktestConfig(until, look_every_us=DAY_US // 4, course=Course(days=6))
        backtest_source(Source(events, KEY), config, out, tmp_path / "world", silent)

    assert load_truth(tmp_path / "world")
    assert found_in(home, told.getvalue()) == []
    assert found_in(out, "") == []
