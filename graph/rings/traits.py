"""Agreement in what a sign-up shows: how much it ties two accounts, learnt from the data.

A record-linkage model (Fellegi and Sunter 1969) with value-specific weights: agreeing on a value
that a share ``p`` of accounts has is worth ``log(m / p)`` nats, disagreeing ``log((1 - m) / (1 -
sum p^2))``, with ``m`` the rate at which pairs tied by other evidence agree. Values are not
independent (a country brings its networks), so the sum counts by :data:`DEPENDENCE`.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from graph.rings.inputs import Floats, Ints, RingInputs
from graph.schema import NodeType

DEPENDENCE = 0.5
TRAIT_CAP = 3.0
"""Most nats one trait may speak for or against."""
MIN_PAIRS = 30
"""Tied pairs that must know a trait before its ``m`` is believed; else it is left at chance."""
SIGNUP_TRAITS = ("email_shape", "email_domain", "pathway", "plan", "user_agent")
PLACE_TRAITS = ("country", "ip_class", "ip_country", "asn")
PAYMENT_TRAITS = ("kind", "issuer")


@dataclass(frozen=True)
class Trait:
    """One trait of every account.

    ``code`` int64 [N] (-1 = unknown), ``share`` of each value in the population, ``chance`` that
    two random accounts agree.
    """

    name: str
    code: Ints
    share: Floats
    values: tuple[str, ...]
    chance: float

    def agreement(self, i: Ints, j: Ints) -> tuple[float, int]:
        """The share of pairs that agree, and how many pairs know the trait."""
        known = (self.code[i] >= 0) & (self.code[j] >= 0)
        same = self.code[i[known]] == self.code[j[known]]
        return float(same.mean()) if len(same) else 0.0, int(known.sum())


@dataclass(frozen=True)
class TraitModel:
    """Traits with the agreement rate ``m`` of tied pairs; what could not be learnt is left out."""

    traits: tuple[Trait, ...]
    m: tuple[float, ...]

    def pairs(self, accounts: Ints, names: tuple[str, ...] | None = None) -> Floats:
        """Nats by which agreement ties each two of ``accounts``, dense [n, n], zero diagonal."""
        total = np.zeros((len(accounts), len(accounts)))
        for trait, m in zip(self.traits, self.m, strict=True):
            if names is None or trait.name in names:
                total += _pair_nats(trait, m, accounts)
        np.fill_diagonal(total, 0.0)
        return DEPENDENCE * total

    def names(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``wanted`` that the model learnt."""
        return tuple(trait.name for trait in self.traits if trait.name in wanted)


def _pair_nats(trait: Trait, m: float, accounts: Ints) -> Floats:
    code = trait.code[accounts]
    share = np.maximum(trait.share[np.maximum(code, 0)], 1e-4)
    agree = np.clip(np.log(m / share), -TRAIT_CAP, TRAIT_CAP)
    apart = np.clip(np.log((1.0 - m) / max(1.0 - trait.chance, 1e-3)), -TRAIT_CAP, TRAIT_CAP)
    same = code[:, None] == code[None, :]
    known = (code[:, None] >= 0) & (code[None, :] >= 0)
    return np.where(known, np.where(same, agree[:, None], apart), 0.0)


def traits(inputs: RingInputs) -> list[Trait]:
    """Every trait the snapshot and the payments know."""
    snapshot = inputs.snapshot
    names = SIGNUP_TRAITS + PLACE_TRAITS
    texts = {name: snapshot.texts(NodeType.ACCOUNT, name) for name in names}
    private = pc.equal(snapshot.texts(NodeType.ACCOUNT, "email_class"), "private")
    texts["email_domain"] = pc.if_else(  # an organisation's own domain is an identifier
        pc.fill_null(private, False), pa.scalar(None, pa.string()), texts["email_domain"]
    )
    found = [_trait(inputs, name, texts[name]) for name in names]
    payments = inputs.payment_columns
    for name in PAYMENT_TRAITS if len(payments) else ():
        code, values = payments.codes(name)
        latest = np.full(inputs.size, -1, np.int64)
        known = code >= 0
        latest[payments.account[known]] = code[known]  # in order of time: the last one stays
        held = pa.array([values[int(c)] if c >= 0 else None for c in latest], pa.string())
        found.append(_trait(inputs, name, held))
    return found


def _trait(inputs: RingInputs, name: str, texts: pa.Array) -> Trait:
    words = sorted({word for word in texts.unique().to_pylist() if word is not None})
    place = {word: i for i, word in enumerate(words)}
    coded = texts.dictionary_encode()
    number = np.array([place.get(w, -1) for w in coded.dictionary.to_pylist()] + [-1], np.int64)
    indices = np.asarray(coded.indices.fill_null(len(number) - 1), dtype=np.int64)
    code = number[indices]
    known = inputs.usual.of(f"trait/{name}", lambda: _shares(code, words))
    share = np.array([known.get(word, 0.0) for word in words], np.float64)
    chance = float(np.square(np.array(list(known.values()), np.float64)).sum())
    return Trait(name, code, share, tuple(words), chance)


def _shares(code: Ints, words: list[str]) -> dict[str, float]:
    held = np.bincount(code[code >= 0], minlength=len(words)).astype(np.float64)
    return dict(zip(words, (held / max(held.sum(), 1.0)).tolist(), strict=True))


def learn(found: list[Trait], tied: sparse.csr_array, floor: float) -> TraitModel:
    """The model whose ``m`` are the agreement rates of pairs tied by more than ``floor`` nats.

    Each account counts at most 20 of its pairs, so that one large group cannot set the rate.
    """
    upper = sparse.triu(tied, 1).tocoo()
    strong = np.flatnonzero(upper.data > floor)
    i, j = upper.row[strong].astype(np.int64), upper.col[strong].astype(np.int64)
    turn = np.arange(len(i)) - np.searchsorted(i, i, side="left") if len(i) else i
    i, j = i[turn < 20], j[turn < 20]
    kept, rates = [], []
    for trait in found:
        rate, pairs = trait.agreement(i, j)
        if pairs >= MIN_PAIRS and trait.chance < 1.0:
            kept.append(trait)
            chance = trait.chance
            rates.append(float(np.clip((rate * pairs + chance) / (pairs + 1), chance, 0.97)))
    return TraitModel(tuple(kept), tuple(rates))
