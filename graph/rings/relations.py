"""What accounts can share, and what sharing it is worth against the honest baseline.

An honest account shares things too: a home address with a household, a campus address with
hundreds. So each thing is weighed against its own kind, network class and country, and the baseline
is read from the data at hand. For a thing held by ``d`` accounts of a kind and class that ``M``
accounts hold anything of, sharing it is worth

    log(SHARED_BY_TIED * M / d) - log(crowd)

nats: the log-likelihood ratio of a tied pair (which shares with chance ``SHARED_BY_TIED``) against
a pair drawn from the same population, less the usual ``crowd`` (the median account's number of
fellow holders), because in a crowd of 300 any one fellow is one of 300. Below zero it is nothing.
It knows nothing of pairs: read :mod:`graph.rings.links` next.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.rings.inputs import DAY_US, Bools, Floats, Ints, RingInputs, distinct
from graph.rings.model import Family
from graph.schema import EDGE_OF, NodeType, node_id
from graph.snapshot import Snapshot, one_piece

SHARED_BY_TIED = 0.5
"""Chance that two accounts of one operator share a thing of a kind that both have."""
PUBLIC = 0.5
"""Share of its rarity that a template keeps when the clusterer finds honest people on it."""
COMMON = 200
"""A public template on more accounts than this ties nobody."""
MOST_NATS = 8.0
"""Most that sharing one fresh thing is worth: odds of 3,000 to 1."""
ROOM = 2
"""A thing may outgrow its relation's ``max_degree`` so many times before what is usual is learnt
anew and it stops making pairs."""
HELD_BY = "held_by:"
"""Column of an entity table, with the verb after it: its holders in the graph it is a part of."""
MIN_POPULATION = 200
"""A class in a country needs this many accounts to have a baseline of its own."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One kind of shared thing.

    ``classes`` names the property of the thing that splits its baseline; ``half_life_days`` how
    long a sharing counts (None = for good: a card stays its owner's, an address does not);
    ``max_degree`` how many holders still make pairs.
    """

    verb: str
    family: Family
    classes: str | None = None
    half_life_days: float | None = None
    max_degree: int = 60


RELATIONS = (
    Relation("PAID_WITH", Family.PAYMENT, "kind", max_degree=200),
    Relation("USED", Family.IDENTIFIERS, max_degree=100),
    Relation("WRITES_FROM", Family.IDENTIFIERS, max_degree=200),
    Relation("CALLED_ON", Family.IDENTIFIERS, max_degree=200),
    Relation("SEEN_AT", Family.IDENTIFIERS, "ip_class", half_life_days=60.0),
    Relation("SEEN_IN", Family.IDENTIFIERS, "ip_class", half_life_days=60.0, max_degree=40),
    Relation("MAILED_AT", Family.IDENTIFIERS, "email_class", max_degree=100),
    Relation("BELONGS_TO", Family.IDENTIFIERS, max_degree=100),
    Relation("REFERRED_BY", Family.IDENTIFIERS, max_degree=60),
    Relation("ASKED", Family.PROMPTS, half_life_days=45.0, max_degree=500),
)


@dataclass(frozen=True)
class Incidence:
    """The edges of one relation, weighed.

    Shapes: account, entity int64 [E]; strength float64 [E] (0..1: how recent and how firm the
    edge is); weight float64 [K] (nats that sharing an entity is worth), rarity float64 [K] (what
    it would be worth for its rarity alone, whatever is known of a template), one_hand float64 [K]
    (nats by which a template's users go together, as the clusterer saw them; 0 for other things and
    for public templates), degree int64 [K] (its holders), crowd float64 [K] (usual number of fellow
    holders in its class), ties bool [K] (whether its holders are few enough to make pairs).
    """

    relation: Relation
    kind: NodeType
    account: Ints
    entity: Ints
    first: Ints
    last: Ints
    strength: Floats
    weight: Floats
    rarity: Floats
    one_hand: Floats
    degree: Ints
    crowd: Floats
    ties: Bools
    why: Mapping[int, str]
    keys: pa.Array

    def entity_id(self, row: int) -> str:
        """The node id of an entity row."""
        return node_id(self.kind, str(self.keys[row].as_py()))


def incidences(inputs: RingInputs) -> Iterator[Incidence]:
    """Every relation of which the snapshot has edges, weighed as of ``inputs.as_of``."""
    for relation in RELATIONS:
        found = _incidence(inputs, relation)
        if found is not None:
            yield found


def _incidence(inputs: RingInputs, relation: Relation) -> Incidence | None:
    snapshot = inputs.snapshot
    source, target = snapshot.ends(relation.verb)
    first = snapshot.edge_column(relation.verb, "first_seen")
    known = first <= inputs.as_of
    if not known.any():
        return None
    account, entity, first = source[known], target[known], first[known]
    last = np.minimum(snapshot.edge_column(relation.verb, "last_seen")[known], inputs.as_of)
    count = snapshot.edge_column(relation.verb, "count")[known]
    kind = EDGE_OF[relation.verb].target
    degree = holders(snapshot, relation.verb, entity)
    weight, crowd = surprise(inputs, relation, (account, entity, degree))
    strength = _recency(relation, inputs, last)
    why: dict[int, str] = {}
    rarity, one_hand = weight, np.zeros(len(weight))
    if relation.family is Family.PROMPTS:
        strength = strength * _firmness(count)
        rarity = np.where(degree >= 2, np.maximum(weight + np.log(crowd), 0.0), 0.0)
        one_hand, why = _one_hand(inputs, snapshot.keys(kind))
        weight = _template_weights(inputs, one_hand, rarity, degree)
    else:
        weight = valued(weight)
    keys = snapshot.keys(kind)
    return Incidence(
        relation,
        kind,
        account,
        entity,
        first,
        last,
        strength,
        weight,
        rarity,
        one_hand,
        degree,
        crowd,
        makes_pairs(inputs, relation, keys, degree),
        why,
        keys,
    )


def holders(snapshot: Snapshot, verb: str, entity: Ints) -> Ints:
    """Accounts that hold each entity, [K]; of the whole graph where this is a part of it."""
    kind = EDGE_OF[verb].target
    told = snapshot.nodes[kind]
    if HELD_BY + verb in told.column_names:
        return np.asarray(one_piece(told[HELD_BY + verb]), dtype=np.int64)
    return np.bincount(entity, minlength=snapshot.size(kind))


def valued(weight: Floats) -> Floats:
    """What sharing a possession counts, of what its rarity is worth."""
    return np.minimum(weight, MOST_NATS)


def makes_pairs(inputs: RingInputs, relation: Relation, keys: pa.Array, degree: Ints) -> Bools:
    """Entities with few enough holders, [K]: as many as allowed when that was learnt, and room."""
    most = relation.max_degree
    if relation.family is Family.PROMPTS:
        few: Bools = degree <= most
        return few
    learn = lambda: keys.filter(pa.array(degree > most)).to_pylist()  # noqa: E731
    hubs = pa.array(inputs.usual.of(f"hubs/{relation.verb}", learn), pa.string())
    hub = np.asarray(pc.is_in(keys, value_set=hubs), np.bool_)
    return ~hub & (degree <= ROOM * most)


def surprise(
    inputs: RingInputs, relation: Relation, edges: tuple[Ints, Ints, Ints]
) -> tuple[Floats, Floats]:
    """Weight and usual crowd of every entity, each [K], by its finest baseline that is one.

    ``edges``: account and entity of every edge, and the holders of every entity.
    """
    account, entity, degree = edges
    population, crowd = np.zeros(len(degree)), np.ones(len(degree))
    for number, (group, names) in enumerate(_levels(inputs, relation)):

        def learn(group: Ints = group, names: list[str] = names) -> dict[str, tuple[float, float]]:
            found = _baseline(account, entity, degree, group)
            return dict(zip(names, zip(*(f.tolist() for f in found), strict=True), strict=True))

        known = inputs.usual.of(f"crowd/{relation.verb}/{number}", learn)
        figures = np.array([known.get(name, (0.0, 1.0)) for name in names], np.float64)
        figures = figures.reshape(-1, 2)  # of no entities at all, too
        firm = (figures[group, 0] >= MIN_POPULATION) | (population == 0)
        population = np.where(firm, figures[group, 0], population)
        crowd = np.where(firm, figures[group, 1], crowd)
    odds = SHARED_BY_TIED * population / np.maximum(degree, 1)
    weight = np.log(np.maximum(odds, 1e-12)) - np.log(crowd)
    return np.where(degree >= 2, np.maximum(weight, 0.0), 0.0), crowd


def _levels(inputs: RingInputs, relation: Relation) -> Iterator[tuple[Ints, list[str]]]:
    """Ever finer groups of entities: all of the kind, by class, by class and country.

    Each as the group of every entity [K] and the groups' names.
    """
    snapshot, kind = inputs.snapshot, EDGE_OF[relation.verb].target
    yield np.zeros(snapshot.size(kind), np.int64), [""]
    if relation.classes is None:
        return
    classes, class_names = _codes(snapshot.texts(kind, relation.classes))
    yield classes, class_names
    countries, country_names = _codes(snapshot.texts(kind, "country"))
    both, place = np.unique(classes * len(country_names) + countries, return_inverse=True)
    pairs = [divmod(int(pair), len(country_names)) for pair in both]
    yield place.astype(np.int64), [f"{class_names[c]}|{country_names[o]}" for c, o in pairs]


def _baseline(account: Ints, entity: Ints, degree: Ints, group: Ints) -> tuple[Floats, Floats]:
    """Holders and usual crowd of every baseline group, each [G].

    The crowd is the median over edges (not entities: an account's view), so a ring that holds less
    than half of a class cannot move it.
    """
    groups = int(group.max(initial=0)) + 1
    edge_group, edge_degree = group[entity], degree[entity]
    pairs = distinct(edge_group * (int(account.max(initial=0)) + 1) + account)
    population = np.bincount(pairs // (int(account.max(initial=0)) + 1), minlength=groups)
    order = np.lexsort((edge_degree, edge_group))
    starts = np.searchsorted(edge_group[order], np.arange(groups))
    counts = np.bincount(edge_group, minlength=groups)
    middle = np.minimum(starts + counts // 2, len(order) - 1)
    crowd = np.maximum(edge_degree[order][middle].astype(np.float64), 1.0)
    return population.astype(np.float64), crowd


def _recency(relation: Relation, inputs: RingInputs, last: Ints) -> Floats:
    """How fresh each edge was when what is usual was learnt, 0..1, [E]."""
    if relation.half_life_days is None:
        return np.ones(len(last))
    aged_at = inputs.usual.of("aged_at", lambda: inputs.as_of)
    age_days = np.maximum(aged_at - last, 0) / DAY_US
    return np.exp2(-age_days / relation.half_life_days)


def _firmness(count: Ints) -> Floats:
    """One prompt that happens to fit is a third of a tie; the third makes it whole."""
    return np.minimum(count / 3.0, 1.0)


def _one_hand(inputs: RingInputs, keys: pa.Array) -> tuple[Floats, dict[int, str]]:
    """Weights that the clusterer gives, [K], and the sentences that say why; 0 without one."""
    given = inputs.cluster_weights
    rows = [given.get(key, (0.0, "")) for key in keys.to_pylist()]
    weight = np.array([weight for weight, _ in rows], np.float64)
    return weight, {i: why for i, (_, why) in enumerate(rows) if why}


def _template_weights(inputs: RingInputs, one_hand: Floats, rarity: Floats, degree: Ints) -> Floats:
    """What sharing a template is worth: as the clusterer says, without one for its rarity.

    A template that honest people use too still ties those who also act together, for less: see
    :data:`PUBLIC`.
    """
    if not inputs.cluster_weights:
        return rarity
    public = np.where(degree <= COMMON, PUBLIC * rarity, 0.0)
    return np.maximum(one_hand, public)


def _codes(values: pa.Array) -> tuple[Ints, list[str]]:
    """Text as numbers from 0 (0 = unknown), and their names."""
    coded = values.dictionary_encode()
    names = ["", *coded.dictionary.to_pylist()]
    return np.asarray(coded.indices.cast(pa.int64()).fill_null(-1), dtype=np.int64) + 1, names


def shared_space(incidence: Incidence, usual: float) -> npt.NDArray[np.bool_]:
    """Entities of classes where the usual account has more than ``usual`` fellow holders, [K]."""
    crowded: Bools = incidence.crowd > usual
    return crowded
