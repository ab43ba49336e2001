"""What changed between two refreshes: which accounts have to be looked at again.

An account has changed when it is new, or when anything it holds or said changed. What it holds may
also become worth another amount because others took it up too: that is told beside, as it matters
only where two who hold it may be compared. Things only ever come: where one went away or was told
otherwise of the past, everything is looked at again (:class:`Rewritten`). What came is mostly what
is dated so, and the rest is then laid beside what was there as it stands; keys are looked up only
where that fails. Read :mod:`graph.rings.standing` next.
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
from graph.rings.model import Family
from graph.rings.part import account_verbs
from graph.rings.relations import RELATIONS, Relation, makes_pairs, surprise, valued
from graph.rings.traits import PLACE_TRAITS, SIGNUP_TRAITS
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot

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

    ``place`` gives, for each kind, the later row of each earlier one; ``joined`` counts sign-ups as
    :func:`graph.rings.evidence_signup.joined` does; ``account`` marks changed accounts, [N];
    ``tying`` are edges over which components may have grown together: account and
    entity (by verb); ``revalued`` those to things that are worth another amount.
    """

    place: Mapping[NodeType, Ints]
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


def changes(
    old: RingInputs, new: RingInputs, before: Mapping[str, Ints], after: Mapping[str, Ints]
) -> Changes:
    """What ``new`` brings; ``before`` and ``after`` are the holders of entities, by verb.

    Raises:
        Rewritten: if something of the past is gone or otherwise.
        Unlearnt: if baselines do not cover what is new.
    """
    verbs = [verb for verb in account_verbs(new.snapshot) if verb not in _ACTS]
    if not set(account_verbs(old.snapshot)) - set(_ACTS) <= set(verbs):
        raise Rewritten("edges")
    kinds = {NodeType.ACCOUNT, *(EDGE_OF[verb].target for verb in verbs)}
    place = {kind: _places(old.snapshot, new.snapshot, kind) for kind in kinds}
    changed = np.ones(new.size, np.bool_)
    changed[place[NodeType.ACCOUNT]] = False
    for column in _TOLD:
        changed |= _told_otherwise(old.snapshot, new.snapshot, NodeType.ACCOUNT, column, place)
    was_joined = joined(old) if old.joined is None else old.joined
    counted = _joined_since(was_joined, (old, new), place[NodeType.ACCOUNT], changed)
    changed |= _joined_beside(was_joined, counted, new.created_at)
    tying: dict[str, tuple[Ints, Ints]] = {}
    revalued: dict[str, Revalued] = {}
    for verb in verbs:
        fresh, moved = _edges(old.snapshot, new.snapshot, verb, place)
        source, target = new.snapshot.ends(verb)
        changed[source[fresh]] = True
        changed[source[moved]] = True
        if verb in _POSSESSIONS:
            worth = _worth(_POSSESSIONS[verb], (old, new), (before, after), place)
            if worth.otherwise.any():
                changed[source[worth.otherwise[target]]] = True
            held = np.flatnonzero(((worth.step != 0) | worth.grown)[target])
            account, entity = source[held], target[held]
            step, grown = worth.step[entity], worth.grown[entity]
            revalued[verb] = Revalued(account[step != 0], entity[step != 0], step[step != 0] > 0)
            tying[verb] = account[grown], entity[grown]
    changed |= _events(old, new, place[NodeType.ACCOUNT])
    return Changes(place, counted, changed, tying, revalued)


def _places(old: Snapshot, new: Snapshot, kind: NodeType) -> Ints:
    """The row in ``new`` of every row of ``old``."""
    was, now = old.keys(kind), new.keys(kind)
    if was.equals(now):
        return np.arange(len(was))
    if kind in new.nodes:
        first = pc.fill_null(new.nodes[kind]["first_seen"].combine_chunks(), old.as_of)
        stood = np.asarray(first) <= old.as_of
        if np.count_nonzero(stood) == len(was) and now.filter(pa.array(stood)).equals(was):
            return np.flatnonzero(stood)
    found = pc.index_in(was, value_set=now)
    if found.null_count:
        raise Rewritten(kind)
    return np.asarray(found, dtype=np.int64)


def _told_otherwise(
    old: Snapshot,
    new: Snapshot,
    kind: NodeType,
    column: str,
    place: Mapping[NodeType, Ints],
) -> Bools:
    """Rows of ``new`` that stood in ``old`` with another value of ``column``, [N]."""
    otherwise = np.zeros(new.size(kind), np.bool_)
    tables = [s.nodes.get(kind, pa.table({})) for s in (old, new)]
    if kind not in place or not any(column in table.column_names for table in tables):
        return otherwise
    was, now = (
        t[column].combine_chunks() if column in t.column_names else pa.nulls(t.num_rows)
        for t in tables
    )
    if not _stayed(place[kind], len(now)):
        now = now.take(pa.array(place[kind]))
    if was.equals(now):
        return otherwise
    otherwise[place[kind][~_alike(was, now)]] = True
    return otherwise


def _alike(was: pa.Array, now: pa.Array) -> Bools:
    """Where two columns agree; unknown agrees with unknown."""
    # A column of nothing but nulls has no type.
    if was.type != now.type or pa.types.is_null(was.type):
        was, now = (values.cast(pa.string()) for values in (was, now))
    if pa.types.is_floating(was.type):
        was, now = (pc.if_else(pc.is_nan(v), pa.scalar(None, v.type), v) for v in (was, now))
    same = pc.or_(pc.fill_null(pc.equal(was, now), False), pc.and_(was.is_null(), now.is_null()))
    return np.asarray(same, np.bool_)


def _edges(
    old: Snapshot, new: Snapshot, verb: str, place: Mapping[NodeType, Ints]
) -> tuple[Ints, Ints]:
    """The rows of edges of ``new`` that are new, and of those seen again or otherwise."""
    table = new.edges[verb]
    if verb not in old.edges or not len(old.edges[verb]):
        return np.arange(table.num_rows), np.empty(0, np.int64)
    there = new.edge_column(verb, "first_seen") <= old.as_of
    found = pa.array(there)
    if not _laid_alike(old, new, verb, place, found):
        found = pa.array(_looked_up(old, new, verb, place))
        there = np.zeros(table.num_rows, np.bool_)
        there[np.asarray(found)] = True
    moved = np.zeros(len(old.edges[verb]), np.bool_)
    for column in ("first_seen", "last_seen", "count"):
        was, now = old.edges[verb][column].combine_chunks(), _picked(table, column, found)
        if not was.equals(now):
            moved |= np.asarray(was) != np.asarray(now)
    rows = np.empty(0, np.int64)
    if moved.any():
        marked = pa.types.is_boolean(found.type)
        rows = (np.flatnonzero(there) if marked else np.asarray(found))[moved]
    return np.flatnonzero(~there), rows


def _picked(table: pa.Table, column: str, rows: pa.Array) -> pa.Array:
    """The rows of a column that are marked, or numbered; a column at a time stays in the cache."""
    values = table[column].combine_chunks()
    return values.filter(rows) if pa.types.is_boolean(rows.type) else values.take(rows)


def _laid_alike(
    old: Snapshot, new: Snapshot, verb: str, place: Mapping[NodeType, Ints], there: pa.Array
) -> bool:
    """Whether the edges of ``new`` that are marked are those of ``old``, row for row."""
    spec, was = EDGE_OF[verb], old.edges[verb]
    if pc.sum(there).as_py() != was.num_rows:
        return False
    for kind, end in ((spec.source, "source"), (spec.target, "target")):
        now = np.asarray(_picked(new.edges[verb], end, there))
        before = np.asarray(was[end].combine_chunks())
        if not np.array_equal(_moved_to(place[kind], new.size(kind), before), now):
            return False
    return True


def _moved_to(place: Ints, size: int, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Where former ``rows`` are among ``size`` later ones."""
    return rows if _stayed(place, size) else place.astype(np.int32)[rows]


def _stayed(place: Ints, size: int) -> bool:
    """Whether every row of a kind is where it was, and none came."""
    return len(place) == size and np.array_equal(place, np.arange(size))


def _looked_up(old: Snapshot, new: Snapshot, verb: str, place: Mapping[NodeType, Ints]) -> Ints:
    """The row in ``new`` of every edge of ``old``."""
    spec = EDGE_OF[verb]
    source, target = (
        place[kind][end]
        for kind, end in zip((spec.source, spec.target), old.ends(verb), strict=True)
    )
    sources, targets = new.ends(verb)
    width = new.size(spec.target)
    was, now = source * width + target, sources * width + targets
    at = np.searchsorted(now, was)
    if len(was) > len(now) or (now[np.minimum(at, len(now) - 1)] != was).any():
        raise Rewritten(verb)
    return at


@dataclass(frozen=True)
class _Worth:
    """Of every entity, [K].

    Whether it was told otherwise, the sign of its change in worth by holders alone, and whether it
    has more holders and ties.
    """

    otherwise: Bools
    step: Ints
    grown: Bools


def _worth(
    relation: Relation,
    inputs: tuple[RingInputs, RingInputs],
    holders: tuple[Mapping[str, Ints], Mapping[str, Ints]],
    place: Mapping[NodeType, Ints],
) -> _Worth:
    old, new = inputs
    kind, size = EDGE_OF[relation.verb].target, new.snapshot.size(EDGE_OF[relation.verb].target)
    was = np.zeros(size, np.int64)
    if relation.verb in holders[0]:
        was[place[kind]] = holders[0][relation.verb]
    now = holders[1][relation.verb]
    otherwise = np.zeros(size, np.bool_)
    for column in _OF_THINGS:
        otherwise |= _told_otherwise(old.snapshot, new.snapshot, kind, column, place)
    rows = np.flatnonzero(was != now)
    piece = Snapshot(new.as_of, {kind: new.snapshot.nodes[kind].take(pa.array(rows))}, {})
    here = RingInputs(piece, new.as_of, usual=new.usual)
    (worth, tied), (worth_now, ties) = (
        _value(here, relation, degree[rows]) for degree in (was, now)
    )
    if (tied & ~ties).any():
        raise Rewritten(relation.verb)  # components may have come apart
    step = np.zeros(size, np.int64)
    step[rows] = np.sign(worth_now - worth).astype(np.int64)
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
        and all(_alike(_whole(was.table[n]), _whole(told[n])).all() for n in names)
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
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
