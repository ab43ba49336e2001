"""Jobs and the process beside a service give way to whoever answers."""

import os
import subprocess
import sys

from api.cli.verbs import run

_TOLD = "import os; from api.manners import give_way; {}; print(os.getpriority(os.PRIO_PROCESS, 0))"


def patience_after(calls: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", _TOLD.format(calls)], capture_output=True, text=True, check=True
    )
    return int(told.stdout)


def test_a_process_gives_way_once_and_never_takes_it_back() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)

    found = patience_after("give_way(13); give_way(4)")

    assert found == max(13, own)


def test_who_is_asked_for_no_patience_stays_as_it_was() -> None:
    assert patience_after("give_way(0)") == os.getpriority(os.PRIO_PROCESS, 0)


def test_a_job_gives_way_in_a_process_of_its_own_only(monkeypatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("api.cli.out.give_way", asked.append)
    monkeypatch.setenv("RINGSIGHT_JOB_NICE", "7")

    run(["refresh"], {})
    run(["refresh"], {}, own_process=True)
    run(["rings"], {}, own_process=True)

    assert asked == [7]
