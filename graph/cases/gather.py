"""Cases that people make by hand: chosen accounts that stand in the queue as a ring does.

A refresh finds rings; a person may see one that it does not. What was known of the accounts when
they were put together is kept (score, span, what they share), and who they are: the graph's own
rings are replaced by every refresh, a case stays until it is decided. The one reason it shows is
the person's, and weighs nothing. It knows nothing of HTTP; ``graph.cases.plan`` decides on it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from graph.cases.decide import Hand
from graph.cases.users import EDGES_AN_ACCOUNT, users_in
from graph.errors import InputError
from graph.ledger import gathered
from graph.ledger.audit import Act, append
from graph.rings.model import Reason
from graph.schema import NodeType, node_id, split_id
from graph.snapshot import Snapshot
from graph.store import GraphStore, RingRow

FEWEST, MOST = 2, 500
SHARED_SHOWN = 50
REASON = "case.by_hand"
VERDICT = "by hand"


def gather(
    book: Connection, store: GraphStore, accounts: Sequence[str], reason: str, hand: Hand
) -> RingRow:
    """Make a case of ``accounts`` (ids without their kind).

    Raises:
        InputError: if they are too few or too many, or one of them is not in the graph.
    """
    chosen = list(dict.fromkeys(accounts))
    if not FEWEST <= len(chosen) <= MOST:
        raise InputError(f"a case is made of {FEWEST} to {MOST} accounts, not of {len(chosen)}")
    ids = [node_id(NodeType.ACCOUNT, account) for account in chosen]
    piece = store.neighbourhood(ids, per_id=EDGES_AN_ACCOUNT)
    known = _properties(piece, frozenset(chosen))
    strangers = [account for account in chosen if account not in known]
    if strangers:
        raise InputError(f"not in the graph: {', '.join(strangers[:5])}")
    row = replace(
        _row(piece, known, reason),
        ring_id=gathered.MARK + hand.new_id()[:12],
        members=tuple((account, 1.0, hand.now) for account in chosen),
    )
    gathered.keep(book, row, hand.actor, hand.now)
    detail = {"reason": reason, "accounts": chosen}
    append(book, [Act(hand.now, hand.actor, "case.gather", f"ring:{row.ring_id}", detail)])
    return row


# -- what is known of the accounts -----------------------------------------------------------------


def _row(piece: Snapshot, known: Mapping[str, Mapping[str, Any]], reason: str) -> RingRow:
    scores = [one["score"] for one in known.values() if isinstance(one.get("score"), float)]
    shared = _shared(piece, frozenset(known))
    first = min(int(one["first_seen"]) for one in known.values())
    last = max(
        (int(at) for table in piece.edges.values() for at in table["last_seen"].to_pylist()),
        default=first,
    )
    text = f"Put together by hand: {reason}"
    said = {**Reason(REASON, text, 0.0, 0.0, 0.0).as_json(), "observed": None, "usual": None}
    detail = {
        "version": 1, "flagged": True, "verdict": VERDICT, "reasons": [said],
        "shared": shared[:SHARED_SHOWN],
        "identifiers": dict(Counter(split_id(identity)[0].value for identity in shared)),
    }  # fmt: skip
    mean = sum(scores) / len(scores) if scores else 0.0
    return RingRow("", round(mean, 6), len(known), "active", first, max(first, last), detail)


def _properties(piece: Snapshot, wanted: frozenset[str]) -> dict[str, Mapping[str, Any]]:
    table = piece.nodes.get(NodeType.ACCOUNT)
    rows = table.to_pylist() if table else ()
    return {row["key"]: row for row in rows if row["key"] in wanted}


def _shared(piece: Snapshot, accounts: frozenset[str]) -> list[str]:
    """What two or more of the accounts are tied to, the most shared first."""
    holders = users_in(piece, accounts)
    found = [identity for identity, held in holders.items() if len(held) > 1]
    return sorted(found, key=lambda identity: (-len(holders[identity]), identity))
