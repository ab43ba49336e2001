"""The reasons of accounts that stand out, with the nodes of the graph that are behind them.

A reason about the company an account keeps is worth little to whoever cannot look at that company.
So the graph network's names the entities that carried it (:mod:`gnn.carriers`), and one about
mates' scores the entity whose other accounts speak loudest. Made for the few that somebody will
look at; it decides nothing. Sentences and figures are :mod:`gnn.explain`'s.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gnn.carriers import Listener, listeners
from gnn.explain import LEAST_WEIGHT, Reason, Shares, all_reasons, strongest_of
from gnn.mates import Links
from gnn.network import NETWORK_SCORE, Company, Floats
from gnn.scorer import NETWORK_SHARE, AccountScores, Scorer
from graph.schema import EDGE_OF, node_id
from graph.snapshot import Snapshot

MOST = 5
MOST_CARRIERS = 3
MOST_ACCOUNTS = 5_000


@dataclass(frozen=True)
class Explained:
    """Why the score of the account at ``place`` is what it is, strongest first."""

    place: int
    reasons: Sequence[Reason]
    counter_evidence: Sequence[Reason]

    def as_json(self) -> dict[str, Any]:
        """The form that is kept and shown."""
        return {
            "reasons": [reason.as_json() for reason in self.reasons],
            "counter_evidence": [reason.as_json() for reason in self.counter_evidence],
        }


def explained(
    scorer: Scorer,
    scores: AccountScores,
    snapshot: Snapshot,
    places: Sequence[int],
    most: int = MOST,
) -> Iterator[Explained]:
    """Reasons and counter-evidence of the accounts at ``places``, ``most`` of each."""
    if not len(places):
        return
    links = Links.of(snapshot)
    means = [ties.others_mean(scores.own) for ties in links.ties]
    heard = {one.place: one for one in heard_of(scorer, scores, links, places)}
    shares = Shares.of(scorer, scores, places)
    for number, place in enumerate(places):
        behind = _loudest(snapshot, links, means, place)
        if place in heard:
            behind[NETWORK_SCORE.name] = _carried(snapshot, links, heard[place])
        found = all_reasons(scorer, scores, place, shares, number)
        named = [replace(r, entities=behind.get(r.code, ())) for r in found]
        yield Explained(place, *strongest_of(named, most))


def heard_of(
    scorer: Scorer, scores: AccountScores, links: Links, places: Sequence[int]
) -> Iterator[Listener]:
    """The accounts at ``places`` as the graph network of ``scorer`` heard them; none without."""
    network = scorer.bundle.network
    if network is None or scores.heard is None or not len(places):
        return
    fold = scorer.bundle.seats.fold_of(scores.keys)
    company = Company(scores.keys, scores.rows, scores.own_margin, links)
    yield from listeners(network, company, fold, places)


def top_carriers(listener: Listener) -> list[tuple[str, int]]:
    """The few entities, by link and row, that carried most of what the network said."""
    told = [one for one in listener.carriers if one.weight * NETWORK_SHARE >= LEAST_WEIGHT]
    return [(one.link, one.entity) for one in told[:MOST_CARRIERS]]


def _carried(snapshot: Snapshot, links: Links, listener: Listener) -> tuple[str, ...]:
    verbs = {ties.link.name: ties.link.verb for ties in links.ties}
    return tuple(_node(snapshot, verbs[link], row) for link, row in top_carriers(listener))


def _loudest(
    snapshot: Snapshot, links: Links, means: Sequence[Floats], place: int
) -> dict[str, tuple[str, ...]]:
    """For each mates' column the entity whose other accounts have the highest shrunk mean."""
    found: dict[str, tuple[str, ...]] = {}
    for ties, mean in zip(links.ties, means, strict=True):
        entity, loudness = ties.loudest(mean, place)
        if loudness > 0:
            found[f"{ties.link.name}_mates_score"] = (_node(snapshot, ties.link.verb, entity),)
    return found


def _node(snapshot: Snapshot, verb: str, row: int) -> str:
    kind = EDGE_OF[verb].target
    return node_id(kind, snapshot.keys(kind)[row].as_py())


def by_account(
    scorer: Scorer, scores: AccountScores, snapshot: Snapshot, accounts: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """The kept form of the reasons of ``accounts`` that ``scores`` know, by id.

    Of more than :data:`MOST_ACCOUNTS` the highest scores are explained.
    """
    place_of = {key: place for place, key in enumerate(scores.keys)}
    known = [place_of[account] for account in accounts if account in place_of]
    places = sorted(known, key=lambda place: -scores.score[place])[:MOST_ACCOUNTS]
    told = explained(scorer, scores, snapshot, places)
    return {scores.keys[one.place]: one.as_json() for one in told}
