"""What changed between two refreshes: which accounts have to be looked at again.

An account has changed when it is new, or when anything it holds or said changed. What it holds may
also become worth another amount because others took it up too: that is told beside, as it matters
only where two who hold it may be compared. Things only ever come: where one went away or was told
otherwise of the past, everything is looked at again (:class:`Rewritten`). How rows that stood are
told from those that came is :mod:`graph.rings.laid`. Read :mod:`graph.rings.standing` next.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.rings.evidence_signup import Joined, joined
from graph.rings.inputs import DAY_US, Bools, Columns, Floats, Ints, RingInputs
from graph.rings.laid import Laid, alike
from graph.rings.model import Family
from graph.rings.part import account_verbs, held_by, stored_ends
from graph.rings.relations import RELATIONS, Relation, makes_pairs, surprise, valued
from graph.rings.traits import PLACE_TRAITS, SIGNUP_TRAITS
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot, one_piece

_TOLD = ("created_at", "first_seen", "email_class", *SIGNUP_TRAITS, *PLACE_TRAITS)
"""Properties of accounts that evidence reads."""
_OF_THINGS = ("ip_class", "kind", "email_class", "country")
"""Properties of entities that baselines and counter-evidence read."""

_POSSESSIONS = {r.verb: r for r in RELATIONS if r.family is not Family.PROMPTS}
_ACTS = frozenset({r.verb for r in RELATIONS} - set(_POSSESSIONS))
"""Relations of accounts that act, which are looked at in any case."""


class Rewritten(Exception):
    """The past is not what it was: nothing found before stands."""


@dataclass(frozen=True)
class Changes:
    """Rows are those of the later inputs.

    ``laid`` tells, for each kind, how the earlier nodes lie among the later ones; ``holders`` are
    :func:`graph.rings.part.held_by` of the later graph; ``joined`` counts sign-ups as
    :func:`graph.rings.evidence_signup.joined` does; ``account`` marks changed accounts, [N];
    ``tying`` are edges over which components may have grown together: account and
    entity (by verb); ``revalued`` those to things that are worth another amount.
    """

    laid: Mapping[NodeType, Laid]
    holders: Mapping[str, Ints]
    joined: Joined
    account: Bools
    tying: Mapping[str, tuple[Ints, Ints]]
    revalued: Mapping[str, "Revalued"]


@dataclass(frozen=True)
class Revalued:
    """Edges of one verb to things worth another amount: account, entity, and if more; all [R]."""

    account: Ints
    entity: Ints
    more: Bools


def changes(old: RingInputs, new: RingInputs, before: Mapping[str, Ints]) -> Changes:
    """What ``new`` brings; ``before`` are the holders of entities of ``old``, by verb.

    Raises:
        Rewritten: if something of the past is gone or otherwise.
        Unlearnt: if baselines do not cover what is new.
    """
    verbs = [verb for verb in account_verbs(new.snapshot) if verb not in _ACTS]
    if not set(account_verbs(old.snapshot)) - set(_ACTS) <= set(verbs):
        raise Rewritten("edges")
    kinds = {NodeType.ACCOUNT, *(EDGE_OF[verb].target for verb in verbs)}
    laid = {kind: _nodes(old.snapshot, new.snapshot, kind) for kind in kinds}
    place = laid[NodeType.ACCOUNT].place
    changed = ~laid[NodeType.ACCOUNT].stood
    for column in _TOLD:
        changed[_told_otherwise(old.snapshot, new.snapshot, NodeType.ACCOUNT, column, laid)] = True
    was_joined = joined(old) if old.joined is None else old.joined
    counted = _joined_since(was_joined, (old, new), place, changed)
    changed |= _joined_beside(was_joined, counted, new.created_at)
    holders = held_by(new.snapshot, _ACTS)
    tying: dict[str, tuple[Ints, Ints]] = {}
    revalued: dict[str, Revalued] = {}
    for verb in verbs:
        edges, moved = _edges(old.snapshot, new.snapshot, verb, laid)
        source, target = stored_ends(new.snapshot, verb)
        changed[source[edges.fresh]] = True
        changed[source[moved]] = True
        came = target[edges.fresh].astype(np.int64)
        holders[verb] = _held(before.get(verb), laid[EDGE_OF[verb].target], came)
        if verb in _POSSESSIONS:
            worth = _worth(_POSSESSIONS[verb], (old, new), laid, came, holders[verb])
            account, entity = worth.edges(source, target)
            changed[account[worth.otherwise[entity]]] = True
            tying[verb] = _only(worth.grown, account, entity)
            account, entity = _only(worth.step != 0, account, entity)
            revalued[verb] = Revalued(account, entity, worth.step[entity] > 0)
    changed |= _events(old, new, place)
    return Changes(laid, holders, counted, changed, tying, revalued)


def _only(which: Bools, account: Ints, entity: Ints) -> tuple[Ints, Ints]:
    """Those of the edges that lead to an entity that ``which`` [K] marks."""
    kept = which[entity]
    return account[kept], entity[kept]


def _nodes(old: Snapshot, new: Snapshot, kind: NodeType) -> Laid:
    """How the nodes of ``old`` lie among those of ``new``."""
    was, now = old.keys(kind), new.keys(kind)
    if was.equals(now):
        return Laid(len(now), np.empty(0, np.int64))
    if kind in new.nodes:
        first = pc.fill_null(one_piece(new.nodes[kind]["first_seen"]), old.as_of)
        lies = Laid(len(now), np.flatnonzero(np.asarray(first) > old.as_of))
        if lies.size - len(lies.fresh) == len(was) and lies.same(was, now):
            return lies
    found = pc.index_in(was, value_set=now)
    if found.null_count:
        raise Rewritten(kind)
    return _looked_up(len(now), np.asarray(found, dtype=np.int64))


def _looked_up(size: int, found: Ints) -> Laid:
    came = np.ones(size, np.bool_)
    came[found] = False
    return Laid(size, np.flatnonzero(came), found)


def _told_otherwise(
    old: Snapshot, new: Snapshot, kind: NodeType, column: str, laid: Mapping[NodeType, Laid]
) -> Ints:
    """Rows of ``new`` that stood in ``old`` with another value of ``column``."""
    tables = [s.nodes.get(kind, pa.table({})) for s in (old, new)]
    if kind not in laid or not any(column in table.column_names for table in tables):
        return np.empty(0, np.int64)
    was, now = (
        one_piece(t[column]) if column in t.column_names else pa.nulls(t.num_rows) for t in tables
    )
    return laid[kind].otherwise(was, now)


def _edges(
    old: Snapshot, new: Snapshot, verb: str, laid: Mapping[NodeType, Laid]
) -> tuple[Laid, Ints]:
    """How the edges of ``old`` lie among those of ``new``, and which of these were seen again."""
    table = new.edges[verb]
    if verb not in old.edges or not len(old.edges[verb]):
        return Laid(table.num_rows, np.arange(table.num_rows)), np.empty(0, np.int64)
    came = np.flatnonzero(new.edge_column(verb, "first_seen") > old.as_of)
    lies = Laid(table.num_rows, came)
    if not _lie_so(old, new, verb, lies, laid):
        lies = _looked_up(table.num_rows, _ends_found(old, new, verb, laid))
    told = [
        lies.otherwise(one_piece(old.edges[verb][column]), one_piece(table[column]))
        for column in ("first_seen", "last_seen", "count")
    ]
    return lies, np.concatenate(told)


def _lie_so(
    old: Snapshot, new: Snapshot, verb: str, lies: Laid, laid: Mapping[NodeType, Laid]
) -> bool:
    """Whether the edges of ``new`` that did not come are those of ``old``, row for row."""
    spec, was, now = EDGE_OF[verb], old.edges[verb], new.edges[verb]
    if lies.size - len(lies.fresh) != was.num_rows:
        return False
    ends = ((spec.source, "source"), (spec.target, "target"))
    return all(
        lies.same(one_piece(was[end]), one_piece(now[end]), laid[kind]) for kind, end in ends
    )


def _ends_found(old: Snapshot, new: Snapshot, verb: str, laid: Mapping[NodeType, Laid]) -> Ints:
    """The row in ``new`` of every edge of ``old``."""
    spec = EDGE_OF[verb]
    source, target = (
        laid[kind].place[end]
        for kind, end in zip((spec.source, spec.target), old.ends(verb), strict=True)
    )
    sources, targets = new.ends(verb)
    width = new.size(spec.target)
    was, now = source * width + target, sources * width + targets
    at = np.searchsorted(now, was)
    if len(was) > len(now) or (now[np.minimum(at, len(now) - 1)] != was).any():
        raise Rewritten(verb)
    return at


def _held(before: Ints | None, laid: Laid, came: Ints) -> Ints:
    """Holders of every entity, [K]: those of ``before``, and of edges that ``came`` to it."""
    now = np.zeros(laid.size, np.int64)
    if before is not None:
        now[laid.stood if laid.found is None else laid.found] = before
    np.add.at(now, came, 1)
    return now


@dataclass(frozen=True)
class _Worth:
    """Of every entity, [K].

    Whether it was told otherwise, the sign of its change in worth by holders alone, and whether it
    has more holders and ties.
    """

    otherwise: Bools
    step: npt.NDArray[np.int8]
    grown: Bools

    def edges(
        self, source: npt.NDArray[np.int32], target: npt.NDArray[np.int32]
    ) -> tuple[Ints, Ints]:
        """Account and entity of the edges to entities of which any of it is true."""
        row = np.flatnonzero((self.otherwise | self.grown | (self.step != 0)).take(target))
        return source[row].astype(np.int64), target[row].astype(np.int64)


def _worth(
    relation: Relation,
    inputs: tuple[RingInputs, RingInputs],
    laid: Mapping[NodeType, Laid],
    came: Ints,
    holders: Ints,
) -> _Worth:
    """What changed about entities; ``came`` [F] are those of new edges, ``holders`` is [K]."""
    old, new = inputs
    kind, size = EDGE_OF[relation.verb].target, len(holders)
    otherwise = np.zeros(size, np.bool_)
    for column in _OF_THINGS:
        otherwise[_told_otherwise(old.snapshot, new.snapshot, kind, column, laid)] = True
    rows, more = np.unique(came, return_counts=True)
    then_and_now = pa.array(np.concatenate([rows, rows]))  # one look at what is usual for both
    piece = Snapshot(new.as_of, {kind: new.snapshot.nodes[kind].take(then_and_now)}, {})
    here = RingInputs(piece, new.as_of, usual=new.usual)
    value, pairs = _value(here, relation, np.concatenate([holders[rows] - more, holders[rows]]))
    (worth, worth_now), (tied, ties) = np.split(value, 2), np.split(pairs, 2)
    if (tied & ~ties).any():
        raise Rewritten(relation.verb)  # components may have come apart
    step = np.zeros(size, np.int8)
    step[rows] = np.sign(worth_now - worth)
    grown = np.zeros(size, np.bool_)
    grown[rows[ties]] = True
    return _Worth(otherwise, step, grown)


def _value(inputs: RingInputs, relation: Relation, degree: Ints) -> tuple[Floats, Bools]:
    """What each entity of ``inputs`` is worth held by ``degree``, and whether it ties; each [K]."""
    none = np.empty(0, np.int64)
    weight = valued(surprise(inputs, relation, (none, none, degree))[0])
    keys = inputs.snapshot.keys(EDGE_OF[relation.verb].target)
    return weight, makes_pairs(inputs, relation, keys, degree) & (weight > 0)


def _events(old: RingInputs, new: RingInputs, place: Ints) -> Bools:
    """Accounts that act, of which an event came, or of which the model thinks otherwise; [N]."""
    changed = new.active.copy()
    changed[place[old.active]] = True
    for was, now in _columns(old, new):
        known = now.at <= old.as_of
        if not _same(was, now, known, place):
            raise Rewritten("events")
        changed[now.account[~known]] = True
    doubt = old.suspicion, new.suspicion
    if doubt[0] is None or doubt[1] is None:
        if doubt[0] is not doubt[1]:
            raise Rewritten("suspicion")
        return changed
    same = (doubt[0] == doubt[1][place]) | (np.isnan(doubt[0]) & np.isnan(doubt[1][place]))
    changed[place[~same]] = True
    return changed


def _columns(old: RingInputs, new: RingInputs) -> Iterator[tuple[Columns, Columns]]:
    yield old.payment_columns, new.payment_columns
    yield old.signup_columns, new.signup_columns
    yield old.enforcement_columns, new.enforcement_columns


def _same(was: Columns, now: Columns, known: Bools, place: Ints) -> bool:
    """Whether the known rows of a table are those that were there."""
    if int(known.sum()) != len(was):
        return False
    if not len(was):
        return True
    told = now.table.filter(pa.array(known))
    names = set(was.table.column_names)
    return (
        np.array_equal(place[was.account], now.account[known])
        and names == set(told.column_names)
        and all(alike(_plain(was.table[n]), _plain(told[n])).all() for n in names)
    )


def _plain(column: pa.ChunkedArray) -> pa.Array:
    values = one_piece(column)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _joined_since(
    was: Joined, inputs: tuple[RingInputs, RingInputs], place: Ints, changed: Bools
) -> Joined:
    """Sign-ups by pathway and day: those counted before, but for accounts that ``changed`` [N]."""
    old, new = inputs
    counted = Counter(was)
    counted.subtract(joined(old, np.flatnonzero(changed[place])))
    counted.update(joined(new, np.flatnonzero(changed)))
    return {key: n for key, n in counted.items() if n}


def _joined_beside(was: Joined, counted: Joined, created_at: Ints) -> Bools:
    """Accounts that joined on a day and by a pathway by which more are known to have joined."""
    days = {day for (pathway, day), n in counted.items() if was.get((pathway, day)) != n}
    return np.isin(created_at // DAY_US, sorted(days))
