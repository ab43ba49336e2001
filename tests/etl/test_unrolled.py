"""Facts laid out in time give the graph that events taken one by one give."""

import itertools

import pyarrow as pa
import pytest

from etl.replay.timeline import Timeline
from etl.replay.unrolled import Unrolled, payment_of, signup_of, unroll
from graph.facts import Edge, Facts, Request, facts_of
from tests.etl.worlds import crowd, place, signup


@pytest.fixture
def timeline() -> Timeline:
    """Twenty accounts with 300 requests from eight addresses, out of order on purpose."""
    return crowd(accounts=20, requests=300, seed=5)


def one_by_one(timeline: Timeline, until: int) -> dict[tuple[str, str, str], Edge]:
    """The aggregate of every edge, event by event, without any of the columnar means."""
    graph: dict[tuple[str, str, str], Edge] = {}
    for event in events_of(timeline):
        if event.at < until:
            for edge in facts_of(event).edges:
                key = (edge.source, edge.verb, edge.target)
                old = graph.get(key, edge)
                first, last = min(old.first_seen, event.at), max(old.last_seen, event.at)
                count = old.count + 1 if key in graph else 1
                graph[key] = Edge(*key, first, last, count)
    return graph


def events_of(timeline: Timeline):
    for row in timeline.read("signups").to_pylist():
        yield signup_of(row, row["at"])
    for row in timeline.read("payments").to_pylist():
        yield payment_of(row, row["at"])
    for row in timeline.read("requests").to_pylist():
        where = signup_of({**signup("x", 0, 0), **row}, 0).place
        yield Request("", row["account_id"], row["at"], "", 0, 0, where)


def told(unrolled: Unrolled, cuts: list[int]) -> dict[tuple[str, str, str], Edge]:
    """What a store knows after being told stretch by stretch: of one edge the newest version."""
    graph: dict[tuple[str, str, str], Edge] = {}
    for since, before in itertools.pairwise(cuts):
        for edge in unrolled.between(since, before).edges:
            key = (edge.source, edge.verb, edge.target)
            assert key not in graph or edge.version > graph[key].version
            graph[key] = Edge(*key, edge.first_seen, edge.last_seen, edge.count)
    return graph


@pytest.mark.parametrize("cuts", [[0, 250], [0, 1, 60, 61, 200, 250], list(range(0, 251, 10))])
def test_any_way_of_cutting_time_tells_the_same_graph_as_events_one_by_one(timeline, cuts):
    assert told(unroll(timeline), cuts) == one_by_one(timeline, 250)


def test_a_stretch_names_each_edge_once(timeline):
    edges = unroll(timeline).between(0, 10_000).edges

    assert len({(e.source, e.verb, e.target) for e in edges}) == len(edges)


def test_what_happens_later_changes_nothing_that_was_told_before(timeline):
    later = timeline.read("requests").to_pylist()
    later += [{"account_id": "a000", "at": 300, **place(99)}, {**later[0], "at": 301}]
    longer = timeline.with_table("requests", pa.Table.from_pylist(later))

    assert unroll(longer).between(0, 300).edges == unroll(timeline).between(0, 300).edges


def test_an_account_keeps_what_its_sign_up_said_when_a_payment_names_it_again(timeline):
    facts = unroll(timeline).between(0, 10_000)

    newest = {node.id: node for node in facts.nodes}["account:a003"]
    assert newest.properties["pathway"] == "self_serve"
    assert newest.properties["email_shape"] == "a.9"


def test_a_ban_and_a_reinstatement_become_the_accounts_status_at_their_time(timeline):
    enforcements = pa.table(
        {
            "account_id": ["a001"] * 3,
            "at": [100, 150, 200],
            "action": ["ban", "verify", "reinstate"],
        }
    )
    unrolled = unroll(timeline.with_table("enforcements", enforcements))

    def status(facts: Facts) -> list[object]:
        return [n.properties.get("status") for n in facts.nodes if n.id == "account:a001"]

    assert "banned" not in status(unrolled.between(0, 100))
    assert status(unrolled.between(100, 151)) == ["banned"]
    assert status(unrolled.between(151, 300)) == ["active"]


def test_a_timeline_reads_after_since_and_up_to_until(timeline):
    at = timeline.read("payments", since=15, until=45)["at"].to_pylist()

    assert at == [25, 35, 45]
    assert timeline.read("labels").num_rows == 0
    assert timeline.known_by(20).bounds[1] <= 20
