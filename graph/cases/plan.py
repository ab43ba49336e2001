"""What a decision about a ring would do, before it is done: the dry run, and the decision's basis.

Whom it touches, who is in that state already, who is protected; whose membership is weak or who was
found legitimate before; and for each identifier how many accounts outside the ring use it. What
too many use, or what names a network or a wording rather than a possession, is never blocked.
Two reads of the store, whatever the size of a hub. It writes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from graph.cases.users import EDGES_AN_ACCOUNT, users_in
from graph.errors import Conflict, InputError
from graph.ledger import labels, lists
from graph.ledger.gathered import ring_of
from graph.ledger.port import Action, LabelRecord, ListName
from graph.schema import NodeType, node_id, split_id
from graph.store import GraphStore, RingRow

SUPERNODE = 1_000
ACCOUNTS_A_READ = 200
WEAK_STRENGTH = 0.5
LOW_SCORE = 0.3
LONG_BEFORE_US = 180 * 86_400_000_000
# A suggested block may touch one outsider for every four members that use the thing.
MEMBERS_PER_OUTSIDER = 4
POSSESSIONS = frozenset(
    {NodeType.PAYMENT_METHOD, NodeType.DEVICE, NodeType.MAILBOX, NodeType.PHONE}
)
BLOCKABLE = POSSESSIONS | {NodeType.IP, NodeType.EMAIL_DOMAIN, NodeType.ORGANISATION}
_SUGGESTED = POSSESSIONS | {NodeType.IP}
ACTED = {Action.BAN: "ban", Action.LIMIT: "limit", Action.VERIFY: "verify"}
SAID = {Action.BAN: "fraud", Action.CONFIRM: "fraud", Action.DISMISS: "legitimate"}
_ALREADY = {Action.BAN: {"banned"}, Action.LIMIT: {"banned", "limited"}}


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to decide.

    ``account_ids`` None is every member. ``block`` True takes the identifiers that the plan
    suggests, a tuple names them. ``expected_version`` is the ring's version the decider saw.
    """

    ring_id: str
    action: Action
    account_ids: tuple[str, ...] | None = None
    block: bool | tuple[str, ...] = False
    expected_version: int | None = None
    snooze_until: int | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """An identifier of the accounts acted on: how many of them use it, and how many outside."""

    id: str
    members: int
    others: int
    blockable: bool
    suggested: bool
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision would do. Pairs are (account id, why)."""

    ring_id: str
    version: int
    action: Action
    affected: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    protected: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    honest: tuple[tuple[str, str], ...] = ()
    shared: tuple[Shared, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Look:
    """What the store says of the accounts: their properties and who uses what."""

    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)


def plan(ask: Ask, store: GraphStore, book: Connection, now: int) -> Plan:
    """What ``ask`` would do at ``now`` (us).

    Raises:
        NotFound: if there is no such ring.
        Conflict: if the ring is not of the version the decider saw; says who came and went.
        InputError: if an account is not in the ring, or an identifier may not be blocked.
    """
    ring = ring_of(book, store, ask.ring_id)
    version = version_of(ring)
    if ask.expected_version is not None and ask.expected_version != version:
        raise changed(ring, ask.expected_version, store)
    strengths = {account: strength for account, strength, _ in ring.members}
    chosen = _chosen(ask, strengths)
    acts = ask.action in ACTED or ask.action in SAID
    if not acts:
        return Plan(ask.ring_id, version, ask.action)
    look = _looked(store, sorted(strengths))
    known = labels.of_accounts(book, chosen)
    protected = _protected(book, chosen, look, now)
    already = [a for a in chosen if _is_already(ask.action, look.accounts.get(a, {}), known.get(a))]
    skip = {*already, *dict(protected)}
    affected = tuple(account for account in chosen if account not in skip)
    shared = tuple(_shared(store, frozenset(affected), look)) if ask.action in ACTED else ()
    return Plan(
        ask.ring_id,
        version,
        ask.action,
        affected=affected,
        already=tuple(already),
        protected=tuple(protected),
        left_out=tuple(sorted(strengths.keys() - set(chosen))),
        honest=tuple(_honest(affected, ring, look, known)) if SAID.get(ask.action) != "legitimate"
        else (),
        shared=shared,
        blocked=_blocked(ask, shared),
    )  # fmt: skip


def unchanged(planned: Plan, book: Connection, store: GraphStore) -> None:
    """Look whether the ring is still what was planned for.

    Raises:
        Conflict: if a refresh has changed it meanwhile.
    """
    ring = ring_of(book, store, planned.ring_id)
    if version_of(ring) != planned.version:
        raise changed(ring, planned.version, store)


def version_of(ring: RingRow) -> int:
    """The version of a ring of the store."""
    detail: Mapping[str, Any] = ring.detail
    return int(detail.get("version", 1))


def changed(ring: RingRow, expected: int, store: GraphStore) -> Conflict:
    """The error for a decider who saw another version: who came since, and who went."""
    now = {account for account, _, _ in ring.members}
    at = store.ring_versions(ring.ring_id).get(expected)
    seen = None if at is None else store.ring_at(ring.ring_id, at)
    before = now if seen is None else {account for account, _, _ in seen[0].members}
    version = version_of(ring)
    return Conflict(
        f"the ring has version {version}, the decision is about {expected}",
        current_version=version,
        added=sorted(now - before),
        removed=sorted(before - now),
    )


def _chosen(ask: Ask, members: Mapping[str, float]) -> list[str]:
    if ask.account_ids is None:
        return sorted(members)
    strangers = sorted(set(ask.account_ids) - members.keys())
    if strangers:
        raise InputError(f"not in the ring: {', '.join(strangers[:5])}")
    if not ask.account_ids:
        raise InputError("no account chosen")
    return sorted(set(ask.account_ids))


def _looked(store: GraphStore, accounts: Sequence[str]) -> _Look:
    """Properties of the accounts, and for everything they are tied to who of them uses it."""
    found: dict[str, Mapping[str, Any]] = {}
    users: dict[str, set[str]] = {}
    for begin in range(0, len(accounts), ACCOUNTS_A_READ):
        asked = accounts[begin : begin + ACCOUNTS_A_READ]
        ids = [node_id(NodeType.ACCOUNT, account) for account in asked]
        piece = store.neighbourhood(ids, per_id=EDGES_AN_ACCOUNT)
        table = piece.nodes.get(NodeType.ACCOUNT)
        found |= {row["key"]: row for row in (table.to_pylist() if table else ())}
        for entity, who in users_in(piece, frozenset(asked)).items():
            users.setdefault(entity, set()).update(who)
    return _Look(found, {entity: frozenset(who) for entity, who in users.items()})


def _is_already(action: Action, account: Mapping[str, Any], label: LabelRecord | None) -> bool:
    if action in _ALREADY:
        return account.get("status") in _ALREADY[action]
    said = SAID.get(action)
    return said is not None and label is not None and label.verdict == said


def _protected(
    book: Connection, accounts: Sequence[str], look: _Look, now: int
) -> list[tuple[str, str]]:
    """Accounts that are protected themselves or by something they are tied to."""
    chosen = set(accounts)
    ids = {node_id(NodeType.ACCOUNT, account): frozenset((account,)) for account in accounts}
    ids |= {entity: who & chosen for entity, who in look.users.items() if who & chosen}
    found: dict[str, str] = {}
    names = sorted(ids)
    for begin in range(0, len(names), 500):
        entries = lists.standing(
            book, now, name=ListName.PROTECTED, entity_ids=names[begin : begin + 500], limit=10_000
        )
        for entry in entries:
            for account in ids[entry.entity_id]:
                found[account] = entry.reason
    return sorted(found.items())


def _honest(
    accounts: Iterable[str], ring: RingRow, look: _Look, known: Mapping[str, LabelRecord]
) -> Iterator[tuple[str, str]]:
    """Accounts a person should look at once more, each with every reason for it."""
    strengths = {account: strength for account, strength, _ in ring.members}
    for account in accounts:
        row = look.accounts.get(account, {})
        label = known.get(account)
        why = []
        if label is not None and label.verdict == "legitimate":
            why.append(f"found legitimate before ({label.source})")
        if strengths[account] < WEAK_STRENGTH:
            why.append(f"belongs to the ring only with strength {strengths[account]:.2f}")
        score = row.get("score")
        if isinstance(score, float) and score < LOW_SCORE:
            why.append(f"its own score is {score:.2f}")
        born = row.get("created_at")
        if isinstance(born, int) and ring.first_seen - born > LONG_BEFORE_US:
            days = (ring.first_seen - born) // 86_400_000_000
            why.append(f"signed up {days} days before the ring began")
        if why:
            yield account, "; ".join(why)


def _shared(store: GraphStore, affected: frozenset[str], look: _Look) -> Iterator[Shared]:
    """Identifiers of the accounts acted on, the most used first."""
    used = {entity: who & affected for entity, who in look.users.items() if who & affected}
    narrow = [entity for entity in used if split_id(entity)[0] in BLOCKABLE]
    degrees = store.degrees(sorted(narrow))
    for entity in sorted(narrow, key=lambda name: (-len(used[name]), name)):
        members = len(used[entity])
        total = degrees.get(entity, {}).get(NodeType.ACCOUNT.value, 0)
        others = max(0, total - len(look.users[entity]))
        blockable = total < SUPERNODE
        kind = split_id(entity)[0]
        fits = others * MEMBERS_PER_OUTSIDER <= members and (members > 1 or kind in POSSESSIONS)
        why = f"used by {members} of these accounts and by {others or 'no'} others"
        if not blockable:
            why += ": too many to be blocked"
        yield Shared(entity, members, others, blockable, blockable and fits and kind in _SUGGESTED,
                     why)  # fmt: skip


def _blocked(ask: Ask, shared: Sequence[Shared]) -> tuple[str, ...]:
    if ask.block is True:
        return tuple(one.id for one in shared if one.suggested)
    if ask.block is False:
        return ()
    known = {one.id: one for one in shared}
    for identity in ask.block:
        if identity not in known:
            raise InputError(f"{identity} is no identifier of these accounts that can be blocked")
        if not known[identity].blockable:
            raise InputError(f"{identity} is used by too many accounts to be blocked")
    return tuple(sorted(set(ask.block)))
