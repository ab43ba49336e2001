"""An account taken out of Neo4j for good: its node, its ties, and every mention of it.

The law is in ``graph.store``. What the server's own files keep of it until they are reused is the
server's: its page cache and transaction logs are rotated by its settings.
"""

from typing import TYPE_CHECKING, LiteralString

from graph.erased import text_without
from graph.stores.neo4j_link import Link

if TYPE_CHECKING:
    from neo4j import ManagedTransaction

_DROP: LiteralString = "MATCH (a:Account {key: $account}) DETACH DELETE a"
_UNFLAG: LiteralString = "MATCH (f:Flag {account: $account}) DELETE f"
_RINGS: LiteralString = (
    "MATCH (r:Ring) WHERE r.detail CONTAINS $account "
    "RETURN elementId(r) AS id, r.detail AS detail, null AS members "
    "UNION ALL MATCH (v:RingVersion) "
    "WHERE v.detail CONTAINS $account OR v.members CONTAINS $account "
    "RETURN elementId(v) AS id, v.detail AS detail, v.members AS members"
)
_REWRITE: LiteralString = (
    "MATCH (r) WHERE elementId(r) = $id SET r.detail = $detail "
    "FOREACH (_ IN CASE WHEN $members IS NULL THEN [] ELSE [1] END | SET r.members = $members)"
)


def erase(link: Link, account_id: str) -> None:
    """Take the account out, in one transaction."""

    def work(tx: "ManagedTransaction") -> None:
        asked = {"account": account_id}
        tx.run(_DROP, asked).consume()
        tx.run(_UNFLAG, asked).consume()
        for identity, detail, members in tx.run(_RINGS, asked).values():
            kept = None if members is None else text_without(members, account_id)
            told = {"id": identity, "detail": text_without(detail, account_id), "members": kept}
            tx.run(_REWRITE, told).consume()

    link.write(work)
