"""Search: an id, an address, a number or a pasted list, cleaned and pseudonymised on the server.

What is typed may be personal, so it comes in a body, is never logged, and leaves this module only
as the pseudonym it is looked up by. Each line is taken for everything it could be and matched
exactly; prefixes and near misses are tried for what stays readable alone: account ids,
organisations, e-mail domains, network prefixes, operators, rings.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from api.browse.nodes import nodes_of
from api.browse.reader import Era, Reader
from api.schemas.graph import HitOut, NodeOut, SearchIn, SearchOut
from graph import normalise
from graph.errors import UnknownName
from graph.normalise import Pseudonyms
from graph.reasons import Refused
from graph.schema import NodeType, node_id

LINES_MAX = 200
PER_LINE = 8
READABLE = (
    NodeType.ACCOUNT,
    NodeType.ORGANISATION,
    NodeType.EMAIL_DOMAIN,
    NodeType.SUBNET,
    NodeType.ASN,
    NodeType.PROMPT_CLUSTER,
)
_FUZZY = (NodeType.ACCOUNT, NodeType.ORGANISATION, NodeType.EMAIL_DOMAIN)
_FUZZY_CHARACTERS = (4, 40)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-._"
_LINES = re.compile(r"[\n\r;]+|(?<=\S),\s*")
_RANK = {"exact": 0, "prefix": 1, "fuzzy": 2}


@dataclass(frozen=True, slots=True)
class _Guess:
    """A node that a line may mean."""

    id: str
    match: str
    line: int


def searched(
    reader: Reader, asked: SearchIn, clock: Callable[[], float] = time.perf_counter
) -> SearchOut:
    """What the lines of ``asked`` mean, best match first.

    Raises:
        UnknownName: for a kind that there is none of.
    """
    began = clock()
    kinds = _kinds(asked.kinds)
    lines = [line.strip() for line in _LINES.split(asked.q) if line.strip()]
    taken, era = lines[:LINES_MAX], reader.era()
    guesses = [g for n, line in enumerate(taken) for g in _exact(reader.pseudonyms, line, n)]
    hits = _looked_up(reader, era, [g for g in guesses if _kind(g.id) in kinds])
    hits += _rings_named(era, taken, kinds)
    found = {hit.line for hit in hits}
    more = False
    if len(taken) <= PER_LINE:
        begun, more = _readable(reader, era, taken, kinds, found)
        hits += begun
    hits.sort(key=lambda hit: (hit.line, _RANK[hit.match], -len(hit.rings), -hit.degree, hit.id))
    hits = list({hit.id: hit for hit in reversed(hits)}.values())[::-1]
    # A pasted list gives as many as it has lines; what was typed gives as many as are wanted.
    room = max(asked.limit, len(taken))
    return SearchOut(
        items=hits[:room],
        missed=[n for n in range(len(taken)) if n not in {hit.line for hit in hits}],
        truncated=more or len(hits) > room or len(lines) > len(taken),
        took_ms=round((clock() - began) * 1e3, 3),
        as_of=era.moment,
    )


def _kinds(names: Sequence[str] | None) -> frozenset[NodeType]:
    if not names:
        return frozenset(NodeType)
    for name in names:
        if name not in list(NodeType):
            raise UnknownName.among("kind of entity", name, list(NodeType))
    return frozenset(map(NodeType, names))


def _kind(identity: str) -> NodeType:
    return NodeType(identity.partition(":")[0])


# -- exact -----------------------------------------------------------------------------------------


def _exact(pseudonyms: Pseudonyms, line: str, number: int) -> Iterator[_Guess]:
    """Every node that a line could name, as the door would have named it."""
    kind, _, key = line.partition(":")
    if kind in list(NodeType) and key:
        yield _Guess(line, "exact", number)
    for make in _READINGS:
        try:
            for identity in make(pseudonyms, line):
                yield _Guess(identity, "exact", number)
        except Refused:
            continue  # it is no such thing


def _opaque(pseudonyms: Pseudonyms, line: str) -> Iterator[str]:
    key = normalise.id_of(line)
    yield node_id(NodeType.ACCOUNT, key)
    for kind in (NodeType.DEVICE, NodeType.PAYMENT_METHOD, NodeType.ISSUER):
        yield node_id(kind, pseudonyms.of(kind.value, key))
        # What an export or another page shows is the pseudonym itself.
        yield node_id(kind, key)
    for kind in (NodeType.IP, NodeType.MAILBOX, NodeType.PHONE, NodeType.PROMPT_CLUSTER):
        yield node_id(kind, key)


def _email(pseudonyms: Pseudonyms, line: str) -> Iterator[str]:
    email = normalise.email_of(line)
    yield node_id(NodeType.MAILBOX, pseudonyms.of("mailbox", email.mailbox))
    yield node_id(NodeType.EMAIL_DOMAIN, email.domain)


def _address(pseudonyms: Pseudonyms, line: str) -> Iterator[str]:
    address = normalise.address_of(line)
    yield node_id(NodeType.IP, pseudonyms.of("ip", address.subscriber))
    yield node_id(NodeType.SUBNET, address.subnet)


def _phone(pseudonyms: Pseudonyms, line: str) -> Iterator[str]:
    yield node_id(NodeType.PHONE, pseudonyms.of("phone", normalise.phone_of(line).number))


def _named(pseudonyms: Pseudonyms, line: str) -> Iterator[str]:
    yield node_id(NodeType.ORGANISATION, normalise.organisation_of(line))
    for kind in (NodeType.EMAIL_DOMAIN, NodeType.SUBNET, NodeType.ASN):
        yield node_id(kind, line.lower())
        yield node_id(kind, line)

    if line.isdigit():
        yield node_id(NodeType.ISSUER, normalise.bin_of(line))


_READINGS: tuple[Callable[[Pseudonyms, str], Iterator[str]], ...] = (
    _opaque,
    _email,
    _address,
    _phone,
    _named,
)


# -- prefixes and near misses ----------------------------------------------------------------------


def _readable(
    reader: Reader, era: Era, lines: Sequence[str], kinds: frozenset[NodeType], found: set[int]
) -> tuple[list[HitOut], bool]:
    """What begins like a line; where a line found nothing at all, what is one slip away from it.

    Beside it, whether more than :data:`PER_LINE` of a kind begin like one of the lines.
    """
    begins = {
        (n, kind): reader.store.find(kind.value, line, PER_LINE + 1)
        for n, line in enumerate(lines)
        for kind in READABLE
        if kind in kinds
    }
    guesses = [
        _Guess(node_id(kind, key), "prefix", n)
        for (n, kind), keys in begins.items()
        for key in keys[:PER_LINE]
    ]
    begun = found | {guess.line for guess in guesses}
    least, most = _FUZZY_CHARACTERS
    guesses += [
        _Guess(node_id(kind, key), "fuzzy", n)
        for n, line in enumerate(lines)
        if n not in begun and least <= len(line) <= most
        for key in _slips(line)
        for kind in _FUZZY
        if kind in kinds
    ]
    more = any(len(keys) > PER_LINE for keys in begins.values())
    return _looked_up(reader, era, guesses), more


def _slips(line: str) -> set[str]:
    """Every text that one letter too many, too few, wrong or swapped makes of ``line``."""
    cuts = [(line[:i], line[i:]) for i in range(len(line) + 1)]
    made = {head + tail[1:] for head, tail in cuts if tail}
    made |= {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    made |= {head + letter + tail[1:] for head, tail in cuts if tail for letter in _ALPHABET}
    made |= {head + letter + tail for head, tail in cuts for letter in _ALPHABET}
    return made - {line, ""}


# -- answers ---------------------------------------------------------------------------------------


def _looked_up(reader: Reader, era: Era, guesses: Sequence[_Guess]) -> list[HitOut]:
    """The guesses that exist, in one read of the store."""
    if not guesses:
        return []
    ids = list(dict.fromkeys(guess.id for guess in guesses))
    nodes = nodes_of(reader.store.neighbourhood(ids, per_id=0))
    best: dict[str, _Guess] = {}
    for guess in guesses:
        if guess.id in nodes:
            held = best.setdefault(guess.id, guess)
            if (_RANK[guess.match], guess.line) < (_RANK[held.match], held.line):
                best[guess.id] = guess
    return [_hit(era, nodes[identity], guess) for identity, guess in best.items()]


def _hit(era: Era, node: NodeOut, guess: _Guess) -> HitOut:
    own = [node.ring_id] if node.ring_id else []
    return HitOut(
        id=node.id,
        kind=node.kind,
        label=node.label,
        match=guess.match,
        degree=node.degree,
        rings=list(dict.fromkeys([*own, *era.naming.get(node.id, ())])),
        status=node.status,
        line=guess.line,
    )


def _rings_named(era: Era, lines: Sequence[str], kinds: frozenset[NodeType]) -> list[HitOut]:
    """Rings whose id is a line, or begins with it."""
    if NodeType.RING not in kinds:
        return []
    return [
        HitOut(
            id=node_id(NodeType.RING, row.ring_id),
            kind=NodeType.RING.value,
            label=era.title(row),
            match="exact" if row.ring_id == line.removeprefix("ring:") else "prefix",
            degree=row.size,
            rings=[row.ring_id],
            status=row.status,
            line=n,
        )
        for n, line in enumerate(lines)
        for row in era.rings.values()
        if row.ring_id.startswith(line.removeprefix("ring:"))
    ]
