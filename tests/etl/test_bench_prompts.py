"""The prompt benchmark says what it left out, and measures itself at scale."""

import json

import numpy as np

from api.cli.verbs import run
from etl.bench.prompt_scale import Generated, OnDisk, bench_scale, write_marks
from etl.bench.prompts import METHODS, as_table, missing


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
