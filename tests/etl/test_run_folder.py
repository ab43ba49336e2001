"""Sealed steps: what is whole is taken up, anything else is made again."""

import os
import signal
import time

import pytest

from etl.weekly.run_folder import RunFolder, read_json, write_json


def writes(text, calls):
    def make(to):
        calls.append(text)
        (to / "out.txt").write_text(text)

    return make


def test_a_step_is_made_once(tmp_path):
    calls = []
    first = RunFolder(tmp_path).step("a", {"x": 1}, writes("one", calls))
    again = RunFolder(tmp_path).step("a", {"x": 1}, writes("one", calls))

    assert calls == ["one"]
    assert (first.skipped, again.skipped) == (False, True)
    assert first.digest == again.digest


def test_another_given_makes_it_again_and_changes_its_digest(tmp_path):
    calls = []
    first = RunFolder(tmp_path).step("a", {"x": 1}, writes("one", calls))
    second = RunFolder(tmp_path).step("a", {"x": 2}, writes("one", calls))

    assert calls == ["one", "one"]
    assert first.digest != second.digest


@pytest.mark.parametrize("harm", ["change", "remove", "add", "seal"])
def test_a_step_that_was_touched_is_made_again(tmp_path, harm):
    calls = []
    done = RunFolder(tmp_path).step("a", {}, writes("one", calls))
    if harm == "change":
        (done.folder / "out.txt").write_text("two")
    elif harm == "remove":
        (done.folder / "out.txt").unlink()
    elif harm == "add":
        (done.folder / "more.txt").write_text("x")
    else:
        (done.folder / "seal.json").write_text("{")

    again = RunFolder(tmp_path).step("a", {}, writes("one", calls))

    assert not again.skipped
    assert (again.folder / "out.txt").read_text() == "one"


def test_a_step_that_fails_leaves_what_was_there(tmp_path):
    done = RunFolder(tmp_path).step("a", {"x": 1}, writes("one", []))

    def fails(to):
        (to / "half.txt").write_text("x")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        RunFolder(tmp_path).step("a", {"x": 2}, fails)

    assert (done.folder / "out.txt").read_text() == "one"


def test_a_kill_in_the_middle_of_a_step_leaves_no_half(tmp_path):
    child = os.fork()
    if not child:

        def slow(to):
            (to / "half.txt").write_text("x")
            (tmp_path / "begun").touch()
            time.sleep(60)

        RunFolder(tmp_path / "run").step("a", {}, slow)
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    done = RunFolder(tmp_path / "run").step("a", {}, writes("whole", []))

    assert [path.name for path in done.folder.iterdir() if path.suffix == ".txt"] == ["out.txt"]


def test_json_is_replaced_whole_and_what_is_torn_is_nothing(tmp_path):
    place = tmp_path / "x" / "told.json"
    write_json(place, {"a": 1})

    assert read_json(place) == {"a": 1}
    place.write_text("{")
    assert read_json(place) is None
    assert read_json(tmp_path / "absent.json") is None
