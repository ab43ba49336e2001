"""The rows of a neighbourhood and its tables tell the same, whatever store they come from."""

import json

import pyarrow as pa
import pytest

from graph.near import Near
from graph.snapshot import Snapshot
from graph.store import Generation, GraphStore
from tests.graph.stores.test_contract import WORLD, hub

ASKED = (
    ["ip:x", "payment_method:c"],
    ["ip:hub", "account:a1", "device:nobody"],
    ["account:a3"],
    [],
)


@pytest.mark.parametrize("asked", ASKED)
def test_rows_of_a_neighbourhood_are_those_of_its_tables(
    store: GraphStore, asked: list[str]
) -> None:
    store.write(WORLD)
    store.write(hub(150))
    scores = pa.table({"key": ["a1", "h0149"], "score": [0.5, None], "ring_id": ["r1", None]})
    store.publish(Generation(3, 77, {"account": scores}))

    piece = store.neighbourhood(asked)

    tables_alone = Snapshot(piece.as_of, dict(piece.nodes), dict(piece.edges), piece.generation)
    assert told(piece.near) == told(tables_alone.near)
    assert list(piece.near.accounts) == sorted(piece.near.accounts)


def test_what_several_ask_for_is_told_each_as_if_it_had_asked_alone(store: GraphStore) -> None:
    store.write(WORLD)
    store.write(hub(150))
    scores = pa.table({"key": ["a1", "h0149"], "score": [0.5, None], "ring_id": ["r1", None]})
    store.publish(Generation(3, 77, {"account": scores}))

    together = store.neighbourhoods([*ASKED, ASKED[0]], per_id=40)

    assert len(together) == len(ASKED) + 1
    for asked, found in zip([*ASKED, ASKED[0]], together, strict=True):
        alone = store.neighbourhood(asked, per_id=40)
        assert told(found.near) == told(alone.near)
        assert found.digest == alone.digest


def test_rows_show_who_holds_an_entity_and_since_when(store: GraphStore) -> None:
    store.write(WORLD)

    near = store.neighbourhood(["ip:x", "payment_method:c"]).near

    card = near.entities["payment_method:c"]
    assert card.holders == [("PAID_WITH", "a1", 15), ("PAID_WITH", "a2", 25)]
    assert (card.degree, card.leading_on) == (3, 1)
    assert near.column("country") == ["DE", "FR", None]
    assert near.column("score") == [None, None, None]


def told(near: Near) -> str:
    """Everything in ``near``, in one text that can be compared."""
    names = sorted(near.columns)
    return json.dumps(
        {
            "as_of": near.as_of,
            "generation": near.generation,
            "accounts": [
                [key, *(near.column(n)[i] for n in names)] for i, key in enumerate(near.accounts)
            ],
            "entities": {
                key: [e.first_seen, e.degree, sorted(e.holders), e.leading_on]
                for key, e in sorted(near.entities.items())
            },
        }
    )
