"""Where a page of neighbours ended, as an opaque text: a keyset cursor, the same over all stores.

It names the last neighbour shown by its place in the order of the law (most recently tied first,
then kind and key of the neighbour, then verb and direction), so that pages neither skip nor repeat
while others write.
"""

import base64
import binascii
import json

from graph.errors import InputError

Rank = tuple[int, str, str, str]
# Before everything: the order begins with the negated moment of the latest tie.
START: Rank = (-(2**63 - 1), "", "", "")


def directed(verb: str, *, out: bool) -> str:
    """A verb as the last part of a rank: two accounts may have referred each other."""
    return verb if out else f"{verb}<"


def encode(rank: Rank) -> str:
    """The cursor after the neighbour that stands at ``rank``: (-last_seen us, kind, key, verb)."""
    return base64.urlsafe_b64encode(json.dumps(rank).encode()).decode().rstrip("=")


def decode(cursor: str) -> Rank:
    """The place that :func:`encode` wrote.

    Raises:
        InputError: if ``cursor`` is none of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, kind, key, verb = json.loads(text)
    except (ValueError, binascii.Error, TypeError):
        raise InputError("the cursor is not one that this service gave out") from None
    texts = all(isinstance(part, str) for part in (kind, key, verb))
    if not texts or not isinstance(moment, int) or abs(moment) >= 2**63:
        raise InputError("the cursor is not one that this service gave out")
    return (moment, kind, key, verb)
