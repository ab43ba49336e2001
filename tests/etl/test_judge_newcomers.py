"""Who joins a ring after it is known, and what goes through before the flag."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from etl.backtest.judge import judge
from etl.backtest.outcome import Truth
from graph.simulate.truth import TrueAccount
from tests.etl.test_judge import DAY, T, outcome

MEMBERS = ("a", "b", "c")
LATE = {"d": T + DAY + 5, "e": T + DAY + 5, "f": T + DAY - 5}
FLAGS = {**dict.fromkeys(MEMBERS, T + DAY), "d": T + 2 * DAY + 3, "f": T + 2 * DAY}


def lived(flags: dict[str, int], ring: str | None):
    """Three members; d, e and f come later and send ten requests from day two on, a tick apart."""
    made = outcome(flags)
    sent = {"account_id": [n for n in LATE for _ in range(10)],
            "at": [T + 2 * DAY + i for _ in LATE for i in range(10)]}  # fmt: skip
    return replace(
        made,
        flags=made.flags.with_columns(ring_id=pl.lit(ring, pl.String)),
        exchanges=pl.concat([made.exchanges, pl.DataFrame(sent)]),
        active=pl.Series([*MEMBERS, *LATE, "h"]),
    )


def truth() -> Truth:
    started = {**dict.fromkeys(MEMBERS, 0), **LATE}
    accounts = [TrueAccount(n, "campaign", "red", "o", at) for n, at in started.items()]
    accounts.append(TrueAccount("h", "office", None, None, None))
    return Truth.of_world({account.account_id: account for account in accounts})


def test_newcomers_are_those_who_began_after_three_were_flagged_for_a_ring():
    verdict = judge(lived(FLAGS, "r1"), truth(), np.random.default_rng(1))

    found = verdict["newcomers"]
    # d is flagged at its fourth request, e never: all its ten count; f began before it was known
    assert found["campaigns"] == [{"campaign": "red", **found["all"]}]
    assert found["all"]["accounts"] == 2
    assert found["all"]["flagged"] == 1
    assert found["all"]["requests_before_flag_median"] == pytest.approx((4 + 10) / 2)
    assert found["all"]["requests_before_flag_p90"] == pytest.approx(9.4)


def test_a_campaign_flagged_account_by_account_is_not_known_as_a_ring():
    verdict = judge(lived(FLAGS, None), truth(), np.random.default_rng(1))

    assert verdict["newcomers"]["campaigns"] == []
    assert verdict["newcomers"]["all"]["accounts"] == 0
    assert verdict["newcomers"]["all"]["requests_before_flag_median"] is None
