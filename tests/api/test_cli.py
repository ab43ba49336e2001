"""The command line: one JSON object, one clear line for an error, documented exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.jobs import time_of
from api.cli.verbs import EXIT_OF, exit_of, run, verbs
from api.cli.worlds import span_us
from graph import errors
from tests.api.small_home import KEY, Home

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STORE", "STORE_USER", "STORE_PASSWORD", "KEY", "KEY_FILE"):
        monkeypatch.delenv(f"RINGSIGHT_{name}", raising=False)
    monkeypatch.setenv("RINGSIGHT_HOME", str(tmp_path / "nothing here"))


@pytest.fixture
def at_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The environment names a home that was built."""
    monkeypatch.setenv("RINGSIGHT_HOME", str(home.settings.home))
    monkeypatch.setenv("RINGSIGHT_KEY", KEY.decode())
    return home


def _json(capfd: pytest.CaptureFixture[str]) -> dict[str, object]:
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])  # type: ignore[no-any-return]


def test_rings_are_one_json_object(at_home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["rings", "--json"], {}) == 0

    found = _json(capfd)
    assert [item["id"] for item in found["items"]] == [r.ring_id for r in at_home.rings]  # type: ignore[attr-defined]
    assert found["total"] == 3


def test_rings_are_a_table_for_people(at_home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["rings", "--flagged"], {}) == 0

    shown = capfd.readouterr().out
    assert "They pay with one card" in shown
    assert at_home.rings.rings[0].ring_id in shown
    assert at_home.rings.rings[2].ring_id not in shown


def test_a_ring_is_shown_with_its_members(at_home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    ring = at_home.rings.rings[0]

    assert run(["ring", ring.ring_id, "--json"], {}) == 0

    members = _json(capfd)["members"]
    assert [m["account_id"] for m in members] == [m.account_id for m in ring.members]  # type: ignore[attr-defined]


def test_a_signup_is_scored_and_not_written(
    at_home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "signup.json"
    file.write_text(json.dumps({**at_home.signups[-1], "account_id": "cli-1"}))

    assert run(["score", "--signup", str(file), "--json"], {}) == 0
    reply = _json(capfd)
    run(["doctor", "--json"], {})

    assert reply["degraded"] is False
    assert f"{len(at_home.signups)} signups" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["rings"], 2, "no graph in"),
        (["ring", "none"], 2, "no graph in"),
        (["serve"], 2, "no pseudonym key given"),
        (["build", "nowhere"], 2, "no pseudonym key given"),
        (["refresh"], 2, "no journal in"),
        (["train"], 2, "no journal in"),
        (["simulate", "out", "--preset", "none"], 2, "unknown preset 'none'; known: demo"),
        (["score", "--signup", "nowhere.json"], 2, "cannot read nowhere.json"),
        (["backtest", "x", "--train-until", "soon", "--out", "o"], 2, "is no time"),
        (["backtest", "x", "--train-until", "2026-03-01T00:00:00", "--out", "o"], 2, "offset"),
    ],
)
def test_an_error_is_one_clear_line(
    words: list[str],
    code: int,
    told: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(words, {}) == code

    said = capfd.readouterr()
    assert said.out == ""
    assert told in said.err
    assert said.err.count("\n") == 1


def test_an_error_is_an_object_where_json_was_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run(["rings", "--json"], {}) == 2

    assert _json(capfd)["error"] == "NotFound"


def test_an_unknown_ring_is_said_so(at_home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["ring", "none"], {}) == 2

    assert "none" in capfd.readouterr().err


def test_another_key_is_refused(
    at_home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGSIGHT_KEY", "another key, just as long as that")

    assert run(["build", str(at_home.settings.home)], {}) == 2

    assert "key" in capfd.readouterr().err


def test_a_fault_shows_its_place_and_not_its_text(
    at_home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("ada@example.org")

    monkeypatch.setattr("api.opened.open_store", broken)

    assert run(["rings"], {}) == 70

    said = capfd.readouterr().err
    assert "ValueError at" in said
    assert "ada@" not in said


def test_every_error_has_an_exit_code() -> None:
    assert exit_of(errors.KeyMissing("x")) == 2
    assert exit_of(errors.NotFound("x")) == 2
    assert exit_of(errors.StoreUnavailable("x")) == 1
    assert exit_of(errors.TooMuchQuarantined("x")) == 1
    assert all(issubclass(kind, errors.RingError) for kind in EXIT_OF)


def test_the_doctor_finds_a_new_machine_fit(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"], {}) == 0

    found = _json(capfd)
    states = {f["name"]: f["state"] for f in found["findings"]}  # type: ignore[attr-defined]
    assert states["key"] == states["store"] == states["model"] == "warn"


def test_the_doctor_says_what_is_wrong(
    at_home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGSIGHT_KEY", "another key, just as long as that")
    bundle = next(at_home.settings.bundles_path.glob("*/manifest.json"))
    bundle.write_text(bundle.read_text().replace("0.5", "0.6"))

    assert run(["doctor", "--json"], {"RINGSIGHT_HOEM": "x"}) == 1

    findings = _json(capfd)["findings"]
    states = {f["name"]: f["state"] for f in findings}  # type: ignore[attr-defined]
    assert states["store key"] == states["model"] == "fail"
    assert states["setting"] == "warn"


def test_the_doctor_shows_no_secret(
    at_home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGSIGHT_STORE_PASSWORD", "sesame")
    run(["doctor", "--json"], {})
    monkeypatch.setenv("RINGSIGHT_STORE", "bolt://127.0.0.1:1")
    run(["doctor", "--json"], {})
    monkeypatch.setenv("RINGSIGHT_STORE", "bolt://neo4j:sesame@127.0.0.1:1")
    assert run(["doctor", "--json"], {}) == 2

    said = capfd.readouterr()
    assert "sesame" not in said.out + said.err
    assert KEY.decode() not in said.out + said.err


def test_a_reader_that_stops_early_is_no_error(at_home: Home) -> None:
    code = "import os, sys; from api.cli.verbs import run; sys.exit(run(['rings', '--json'], {}))"
    environment = {"RINGSIGHT_HOME": str(at_home.settings.home), "PATH": ""}
    read, write = __import__("os").pipe()
    __import__("os").close(read)

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=write,
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip

    assert done.returncode == 0
    assert done.stderr == b""


def test_times_need_an_offset() -> None:
    assert time_of("1970-01-01T00:00:01.5Z") == 1_500_000
    assert time_of("1970-01-01T02:00:00+02:00") == 0
    with pytest.raises(errors.InputError):
        time_of("1970-01-01")


def test_spans_are_numbers_with_a_unit() -> None:
    assert span_us("90m") == 90 * 60 * 1_000_000
    assert span_us("1d") == 24 * span_us("1h")
    for text in ("0d", "1", "d", "1w", "-1d", "1.5h"):
        with pytest.raises(errors.InputError):
            span_us(text)


def test_every_verb_explains_itself(capfd: pytest.CaptureFixture[str]) -> None:
    for verb in verbs():
        assert run([verb, "--help"], {}) == 0
        assert "Usage: ringsight" in capfd.readouterr().out
