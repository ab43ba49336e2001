"""Bodies that cannot be right, made of one that is; and what must be answered to them."""

import json
import random

from fastapi.testclient import TestClient

from tests.api.small_home import Home

SCORE = "/v1/signups/score"


def refuses_all(client: TestClient, home: Home, count: int) -> None:
    """Send ``count`` of them; each must be answered by a problem of the caller's."""
    chance = random.Random(count)
    good = json.dumps(home.signups[0], default=str).encode()
    for _ in range(count):
        body = spoiled(good, chance)
        answer = client.post(SCORE, content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, (answer.status_code, body)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def spoiled(good: bytes, chance: random.Random) -> bytes:
    """A body that cannot be right: cut, of wrong types, without what is needed, or no JSON."""
    row = json.loads(good)
    kind = chance.randrange(6)
    if kind == 0:
        return good[: chance.randrange(1, len(good))]
    if kind == 1:
        place = chance.randrange(len(good))
        return good[:place] + bytes([chance.choice((0, 128, 255, 27))]) + good[place:] + b"}"
    if kind == 2:
        del row[chance.choice(("account_id", "created_at", "ip", "pathway"))]
    elif kind == 3:
        name = chance.choice(list(row))
        row[name] = chance.choice(([], {}, 7, True, 1e400, "x" * 2_000))
    elif kind == 4:
        row["ip"] = "".join(chance.choice("0123456789.:xyz") for _ in range(9)) + "z"
    else:
        row = chance.choice(([row], "row", 5, None, [[[[]]]]))
    return json.dumps(row).encode()
