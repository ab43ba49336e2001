"""Keys, the audit chain, erasing and copying from the command line."""

import json
import sqlite3
from pathlib import Path

import pytest

from api.cli.verbs import run
from tests.api.small_home import KEY, Home


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> dict[str, object]:
    """What a command prints with ``--json``; it must succeed."""
    monkey = {"RINGSIGHT_HOME": str(home), "RINGSIGHT_KEY": KEY.decode()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in monkey.items():
            patch.setenv(name, value)
        code = run([*words, "--json"], monkey)
    out = capsys.readouterr().out.splitlines()
    found: dict[str, object] = json.loads(out[-1]) | {"code": code}
    return found


def test_a_key_is_made_shown_turned_and_ended(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = said(capsys, tmp_path, "key", "create", "shop", "--scope", "score", "--no-reasons")
    turned = said(capsys, tmp_path, "key", "rotate", str(made["id"]))
    said(capsys, tmp_path, "key", "revoke", str(turned["id"]))

    listed = said(capsys, tmp_path, "key", "list")

    assert str(made["key"]).startswith(f"rsk_{made['id']}_")
    states = {row["id"]: (row["state"], row["scopes"], row["reasons"]) for row in listed["keys"]}  # type: ignore[attr-defined]
    assert states == {
        made["id"]: ("ends later", ["score"], False),
        turned["id"]: ("ended", ["score"], False),
    }
    assert str(made["key"]) not in json.dumps(listed)
    assert said(capsys, tmp_path, "key", "revoke", "none")["code"] == 2


def test_a_chain_that_was_touched_ends_in_a_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        said(capsys, tmp_path, "key", "create", name, "--scope", "score")
    whole = said(capsys, tmp_path, "audit", "verify")

    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    broken = said(capsys, tmp_path, "audit", "verify")

    assert (whole["code"], whole["links"]) == (0, 2)
    assert broken["code"] == 1
    assert "link 2" in str(broken["detail"])


def test_erasing_and_copying_say_what_was_done(
    capsys: pytest.CaptureFixture[str], home: Home, tmp_path: Path
) -> None:
    account = home.rings.rings[0].members[0].account_id
    place = home.settings.home

    receipt = said(capsys, place, "erase", account)
    copied = said(capsys, place, "backup", str(tmp_path / "copy"))
    back = said(capsys, tmp_path / "again", "restore", str(tmp_path / "copy"))
    swept = said(capsys, place, "retain", "--days", "30")

    assert receipt["still_named"] == []
    assert account not in json.dumps(receipt)
    assert copied["files"] == back["files"]
    assert swept["code"] == 0
