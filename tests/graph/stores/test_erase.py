"""An account taken out of a store for good. Each test runs over every kind of store."""

import json

import pyarrow as pa

from graph.facts import NEVER, Edge, Facts, Node
from graph.schema import NodeType
from graph.store import Generation, GraphStore

GONE, STAYS = "acct-1", "acct-17"


def _rings(number: int, accounts: list[str]) -> Generation:
    detail = {
        "version": number,
        "reasons": [{"sentence": f"{GONE} and {STAYS}", "entities": [f"account:{GONE}", "ip:i"]}],
    }
    rings = pa.table(
        {
            "ring_id": ["r"], "score": [0.5], "size": [len(accounts)], "status": ["active"],
            "first_seen": [1], "last_seen": [2], "detail": [json.dumps(detail)],
        }
    )  # fmt: skip
    members = pa.table(
        {
            "ring_id": ["r"] * len(accounts), "account_id": accounts,
            "strength": [0.9] * len(accounts), "since": [1] * len(accounts),
        }
    )  # fmt: skip
    flags = pa.table(
        {"account_id": accounts, "score": [0.9] * len(accounts), "ring_id": ["r"] * len(accounts),
         "since": [1] * len(accounts)}
    )  # fmt: skip
    columns = {"account": pa.table({"key": accounts, "score": [0.9] * len(accounts)})}
    return Generation(number, number, columns, rings, members, flags)


def _everything(store: GraphStore) -> str:
    """All that the store answers, as text."""
    whole = store.snapshot()
    tables = [table.to_pylist() for table in whole.nodes.values()]
    rings = [store.ring("r"), *(store.ring_at("r", at) for at in (1, 2)), *store.rings()]
    near = store.neighbourhood(["ip:i"])
    around = [table.to_pylist() for table in near.nodes.values()]
    return repr((tables, rings, store.flags(), around, store.find("account", "acct", 10)))


def test_afterwards_nothing_names_the_account_and_others_stay(store: GraphStore) -> None:
    nodes = [Node(NodeType.ACCOUNT, name, 1) for name in (GONE, STAYS)]
    edges = [Edge(node.id, "SEEN_AT", "ip:i", 1, 2, 1, 1) for node in nodes]
    store.write(Facts((*nodes, Node(NodeType.IP, "i", 1)), tuple(edges)))
    for number in (1, 2):
        store.publish(_rings(number, [GONE, STAYS]))
    gone = Node(NodeType.ACCOUNT, GONE, NEVER, {}, 2)
    store.write(Facts((gone,), (Edge(gone.id, "SEEN_AT", "ip:i", 0, 0, 0, 2),)))

    store.erase(GONE)

    told = _everything(store)
    assert f"'{GONE}'" not in told
    assert f":{GONE}'" not in told
    assert f"{GONE} " not in told
    assert STAYS in told
    assert [account for account, _, _ in store.ring("r").members] == [STAYS]
    assert store.degrees(["ip:i"]) == {"ip:i": {"account": 1}}
    assert store.neighbours("ip:i", kind="account", limit=5, cursor=None).total == 1


def test_erasing_who_is_not_there_changes_nothing(store: GraphStore) -> None:
    store.write(Facts((Node(NodeType.ACCOUNT, STAYS, 1),), ()))
    before = store.snapshot().digest

    store.erase("nobody")

    assert store.snapshot().digest == before
