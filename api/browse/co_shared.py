"""What the accounts of an entity have in common beside it: the device, the card, the template."""

from collections import Counter

from api.browse.nodes import around_of, degrees_of, nodes_of
from api.schemas.answers import moment
from api.schemas.graph import CoShared, SharedOut
from graph.errors import NotFound
from graph.store import GraphStore

LOOKED_AT = 200
PER_ACCOUNT = 60


def co_shared(store: GraphStore, identity: str, limit: int) -> CoShared:
    """Things that two or more of an entity's latest accounts hold, most shared first.

    Raises:
        NotFound: if there is no such entity.
    """
    first = store.neighbourhood([identity], per_id=LOOKED_AT)
    degree = degrees_of(first).get(identity)
    if degree is None:
        raise NotFound(f"no entity {identity!r}")
    beside = around_of(first).get(identity, set())
    accounts = sorted(i for i in beside if i.startswith("account:"))
    if identity.startswith("account:"):
        accounts = [identity]
    piece = store.neighbourhood(accounts, per_id=PER_ACCOUNT)
    inside, around = set(accounts), around_of(piece)
    here = Counter(thing for a in accounts for thing in around.get(a, ()) if thing not in inside)
    here.pop(identity, None)
    least = 1 if len(accounts) == 1 else 2
    nodes = nodes_of(piece, only={i for i, n in here.items() if n >= least})
    found = sorted(nodes, key=lambda i: (nodes[i].supernode, -here[i], i))
    return CoShared(
        items=[
            SharedOut(
                id=i,
                kind=nodes[i].kind,
                label=nodes[i].label,
                here=here[i],
                degree=nodes[i].degree,
                flagged=nodes[i].flagged,
            )
            for i in found[:limit]
        ],
        looked_at=len(accounts),
        total=len(found),
        truncated=degree > len(beside) or len(found) > limit,
        as_of=moment(first.as_of),
    )
