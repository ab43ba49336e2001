"""Accounts tied to exactly the same things, put into one: what keeps a ring from being a hairball.

A ring of 31 accounts and five identifiers becomes some ten nodes. Pure: node ids in, groups out,
the same for the same input whatever its order. A group's id is made from what its members share,
so it stays the same while accounts join it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MEMBERS_LEAST = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts with the same ``signature`` (ids of what they are tied to), both in order."""

    id: str
    members: tuple[str, ...]
    signature: tuple[str, ...]


def grouped(
    ties: Mapping[str, Iterable[str]],
    least: int = MEMBERS_LEAST,
    apart: frozenset[str] = frozenset(),
) -> list[Group]:
    """Groups of at least ``least`` accounts with identical ties, largest first, then by id.

    Args:
        ties: account -> what it is tied to, of what is in view.
        least: smaller sets of alikes stay accounts of their own.
        apart: accounts that stay out of any group (pinned ones).
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for account in sorted(ties):
        if account not in apart:
            alike.setdefault(tuple(sorted(set(ties[account]))), []).append(account)
    found = [
        Group(_id(signature), tuple(members), signature)
        for signature, members in alike.items()
        if len(members) >= least
    ]
    return sorted(found, key=lambda group: (-len(group.members), group.id))


def _id(signature: tuple[str, ...]) -> str:
    return "group:" + hashlib.sha256("\n".join(signature).encode()).hexdigest()[:12]
