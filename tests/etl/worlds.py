"""Small crowds of cleaned events made by hand, for tests that need no story, only shared things."""

import numpy as np
import pyarrow as pa

from etl.replay.timeline import Timeline


def place(number: int) -> dict[str, object]:
    return {
        "ip": f"ip{number}",
        "subnet": f"203.0.{number % 3}.0/24",
        "asn": "AS1",
        "asn_name": "One",
        "ip_country": "NL",
        "ip_class": "home",
    }


def signup(account: str, at: int, ip: int) -> dict[str, object]:
    return {
        "account_id": account,
        "at": at,
        **place(ip),
        "mailbox": f"box-{account}",
        "email_domain": "gmail.com",
        "email_class": "public",
        "email_shape": "a.9",
        "phone": None,
        "phone_country": None,
        "device": "dev",
        "user_agent": "chrome/windows",
        "country": "NL",
        "pathway": "self_serve",
        "plan": None,
        "organisation": None,
        "referrer_account_id": None,
    }


def payment(account: str, at: int, method: str) -> dict[str, object]:
    return {
        "account_id": account,
        "at": at,
        "payment_method": method,
        "kind": "card",
        "issuer": "424242",
        "issuer_country": "NL",
    }


def crowd(accounts: int, requests: int, seed: int) -> Timeline:
    """Accounts that sign up every ten microseconds and send requests from eight addresses."""
    rng = np.random.default_rng(seed)
    ends = 20 * accounts
    signups = [signup(f"a{i:03}", 10 * i, int(rng.integers(8))) for i in range(accounts)]
    asked = [
        {
            "account_id": f"a{rng.integers(accounts):03}",
            "at": int(at),
            **place(int(rng.integers(8))),
        }
        for at in rng.integers(0, ends, requests)
    ]
    payments = [payment(f"a{i:03}", 10 * i + 5, f"card{i % 4}") for i in range(accounts)]
    return Timeline(
        {
            "signups": pa.Table.from_pylist(signups[::-1]),
            "requests": pa.Table.from_pylist(asked),
            "payments": pa.Table.from_pylist(payments),
        }
    )
