"""Search: what people type is cleaned as the door cleans it, and never shown again."""

import logging

import pytest

from tests.api.looked_at import HUB, Seen


def signup_of(seen: Seen, column: str) -> dict[str, object]:
    """A sign-up of the world that says ``column``."""
    return next(row for row in seen.home.signups if row.get(column))


def found(seen: Seen, q: str, **more: object) -> list[tuple[str, str]]:
    """(id, match) of every hit."""
    return [(hit["id"], hit["match"]) for hit in seen.post("/v1/search", {"q": q, **more})["items"]]


def test_an_account_is_found_by_its_id_and_by_its_node_id(seen: Seen) -> None:
    account = seen.ring.members[0].account_id

    hit = seen.post("/v1/search", {"q": account})["items"][0]

    assert (hit["id"], hit["match"], hit["rings"]) == (
        f"account:{account}",
        "exact",
        ["rcampaign-01"],
    )
    assert found(seen, f"account:{account}")[0] == (f"account:{account}", "exact")


@pytest.mark.parametrize(
    ("column", "kind"),
    [("email", "mailbox"), ("ip", "ip"), ("ip", "subnet"), ("device_id", "device")],
)
def test_a_personal_value_finds_its_pseudonym(seen: Seen, column: str, kind: str) -> None:
    value = str(signup_of(seen, column)[column])

    ids = [identity for identity, match in found(seen, value) if match == "exact"]

    assert any(identity.startswith(f"{kind}:") for identity in ids)
    assert kind == "subnet" or not any(value in identity for identity in ids)


def test_a_phone_number_is_found_however_it_is_written(seen: Seen) -> None:
    number = str(signup_of(seen, "phone")["phone"])
    spaced = f"{number[:3]} {number[3:6]}-{number[6:]}"

    plain = [identity for identity, _ in found(seen, number) if identity.startswith("phone:")]

    assert plain
    assert plain == [i for i, _ in found(seen, spaced) if i.startswith("phone:")]


def test_what_begins_like_it_comes_after_what_is_it(seen: Seen) -> None:
    matches = [match for _, match in found(seen, "h150")]

    assert found(seen, "h150")[0] == ("account:h1500", "prefix")
    assert set(matches) == {"prefix"}


def test_more_than_are_shown_is_said_of_what_begins_alike(seen: Seen) -> None:
    many = seen.post("/v1/search", {"q": "h1"})
    one = seen.post("/v1/search", {"q": "h1499"})

    assert len(many["items"]) == 8
    assert many["truncated"]
    assert [hit["id"] for hit in one["items"]] == ["account:h1499"]
    assert not one["truncated"]


@pytest.mark.parametrize("slip", ["h15000", "h500", "h1b00", "1h500"])
def test_one_slip_still_finds_an_account(seen: Seen, slip: str) -> None:
    assert ("account:h1500", "fuzzy") in found(seen, slip, limit=50)


def test_a_pasted_list_gives_one_hit_a_line_and_says_which_found_nothing(seen: Seen) -> None:
    pasted = "h0001\nh0002\n\nnobody-at-all-here\nh0003; h0004, h0005"

    answer = seen.post("/v1/search", {"q": pasted})

    exact = [hit["id"] for hit in answer["items"] if hit["match"] == "exact"]
    assert exact == [f"account:h000{n}" for n in range(1, 6)]
    assert answer["missed"] == [2]


def test_a_ring_is_found_by_how_its_id_begins(seen: Seen) -> None:
    assert ("ring:rcampaign-02", "prefix") in found(seen, "rcampaign-0")
    assert found(seen, "rcampaign-02")[0] == ("ring:rcampaign-02", "exact")


def test_only_the_kinds_asked_for_are_found(seen: Seen) -> None:
    prefix = HUB.partition(":")[2]

    assert found(seen, prefix, kinds=["subnet"]) == [(HUB, "exact")]
    assert found(seen, prefix, kinds=["account"]) == []
    assert seen.client.post("/v1/search", json={"q": "x", "kinds": ["spoon"]}).status_code == 422


@pytest.mark.parametrize("q", ["a" * 20_001, ""])
def test_a_query_that_is_none_is_refused_without_being_told_back(seen: Seen, q: str) -> None:
    answer = seen.client.post("/v1/search", json={"q": q})

    assert answer.status_code == 422
    assert "aaaa" not in answer.text


def test_what_was_typed_is_neither_told_back_nor_logged(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    address = "someone.private@unknown-provider.example"
    with caplog.at_level(logging.DEBUG):
        answer = seen.client.post("/v1/search", json={"q": address})

    assert answer.status_code == 200
    assert "someone.private" not in answer.text
    assert "someone.private" not in caplog.text
