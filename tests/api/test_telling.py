"""What a queue says of its rings: each by what few others have, never all by the same."""

from datetime import UTC, datetime
from typing import Any

from api.schemas.rings import RingSummary
from api.schemas.telling import apart, purpose_of, title_of, usual_of
from graph.store import RingRow


def reason(code: str, weight: float, observed: float = 0.5) -> dict[str, Any]:
    """A piece of evidence as a refresh stores it; its family is the first half of ``code``."""
    family = code.partition(".")[0]
    return {
        "code": code, "family": None if family == "triage" else family,
        "sentence": f"{code} is seen; usual is less", "observed": observed, "usual": 0.1,
        "weight": weight, "entities": [],
    }  # fmt: skip


def ring(name: str, *reasons: dict[str, Any], flagged: bool = True, **detail: Any) -> RingRow:
    """A ring of 20 accounts with these reasons."""
    told = {"flagged": flagged, "reasons": list(reasons), **detail}
    return RingRow(name, 0.9, 20, "active", 1, 2, told)


LOCKSTEP = reason("timing.lockstep", 5.3, 4.3)
KIT = reason("prompts.kit", 3.9, 2.8)
ROWS = [
    ring("devices", LOCKSTEP, KIT, reason("identifiers.shared_device", 3.0, 0.57)),
    ring("cards", LOCKSTEP, KIT, reason("payment.shared_method", 2.0, 0.89)),
    ring("burst", LOCKSTEP, KIT, reason("signup.burst", 1.5, 18.0)),
    ring("plain", LOCKSTEP, KIT),
]


def test_rings_whose_strongest_evidence_is_alike_get_titles_that_are_not() -> None:
    usual = usual_of(ROWS)

    first = [apart(row, usual)[0] for row in ROWS]

    assert first == [
        "57% share devices",
        "89% share payment methods",
        "18 signed up on one day",
        "2.8 rare templates shared by any two",
    ]


def test_what_is_usual_is_counted_over_rings_that_call_for_action() -> None:
    quiet = [ring(f"q{n}", reason("signup.burst", 2.0), flagged=False) for n in range(50)]

    usual = usual_of([*ROWS, *quiet])

    assert usual == usual_of(ROWS)
    assert usual["timing.lockstep"] == max(usual.values())
    assert usual["signup.burst"] == min(usual.values())


def test_a_family_is_said_once_and_what_weighs_nothing_never() -> None:
    row = ring(
        "r", reason("identifiers.shared_device", 4.0), reason("identifiers.shared_address", 3.0),
        reason("signup.same_plan", 0.1), LOCKSTEP,
    )  # fmt: skip

    said = apart(row, {})

    assert said == ["50% share devices", "together 4.3 times as often as chance"]


def test_what_every_machine_does_is_said_last_even_where_nothing_is_known_of_others() -> None:
    row = ring("r", LOCKSTEP, KIT, reason("signup.burst", 1.5, 18.0))

    assert apart(row, {})[-1] == "together 4.3 times as often as chance"
    assert apart(ring("r", LOCKSTEP), {}) == ["together 4.3 times as often as chance"]


def test_rings_with_the_same_evidence_differ_by_pathway_and_by_when_their_accounts_came() -> None:
    at = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
    week = 7 * 86_400_000_000
    came = [
        ("education", [at, at + week]),
        ("reseller", [at, at]),
        ("research", [at - 20 * week, at]),
    ]

    titles = [
        title_of(ring("r", reason("signup.same_pathway", 2.0), pathway=way, signed_up=when))
        for way, when in came
    ]

    assert titles == [
        "20 accounts: 50% came by the education pathway; most signed up 2 to 9 Mar 2026",
        "20 accounts: 50% came by the reseller pathway; most signed up on 2 Mar 2026",
        "20 accounts: 50% came by the research pathway; most signed up Oct 2025 to Mar 2026",
    ]


def test_a_refresh_that_did_not_count_pathways_is_told_without() -> None:
    assert title_of(ring("r", reason("signup.same_pathway", 2.0))) == (
        "20 accounts: 50% came by one pathway"
    )


def test_evidence_without_a_phrase_is_told_by_its_sentence_up_to_what_is_usual() -> None:
    assert title_of(ring("r", reason("timing.new_kind", 2.0))) == (
        "20 accounts: timing.new_kind is seen"
    )


def test_a_ring_put_together_by_hand_says_so_and_one_without_reasons_its_size() -> None:
    by_hand = {**reason("case.by_hand", 0.0), "family": None, "observed": None}

    assert title_of(ring("r", by_hand)) == "20 accounts: case.by_hand is seen"
    assert title_of(ring("r")) == "20 accounts"


def test_a_verdict_comes_with_its_figure() -> None:
    own_kit = ring("r", LOCKSTEP, reason("triage.own_kit", 0.0, 0.91))

    assert purpose_of(own_kit) == "91% of requests from its own templates"
    assert purpose_of(ring("r", reason("triage.unclear", 0.0))) is None


def test_a_summary_tells_the_latest_turn_and_the_ring_it_grew_again_from() -> None:
    history = [
        {"at": 1, "change": "regrown", "others": ["ring-old"], "joined": 9, "left": 0},
        {"at": 2, "change": "grew", "others": [], "joined": 4, "left": 1},
    ]

    told = RingSummary.of(ring("r", history=history, exchanges_7d=70, exchanges_24h=7))

    assert told.regrown_from == ["ring-old"]
    assert told.turn is not None
    assert (told.turn.change, told.turn.joined, told.turn.left) == ("grew", 4, 1)
    assert (told.exchanges_7d, told.exchanges_24h) == (70, 7)


def test_a_summary_of_an_older_refresh_says_that_nothing_was_counted() -> None:
    told = RingSummary.of(ring("r", history=[{"at": 1, "change": "born", "others": []}]))

    assert told.turn is not None
    assert told.turn.joined is None
    assert told.exchanges_7d is None
