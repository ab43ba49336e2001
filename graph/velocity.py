"""Live velocity: how fast sign-ups come from one place, device, mail domain, issuer or operator.

Every entity has three counters that fade, over ten minutes, an hour and a day: an event of age
``a`` counts ``exp(-a / span)``. So a counter is one number, costs the same for a hub as for
anybody, and is the same in whatever order its events came (up to rounding); an event that comes
twice counts once. The whole flow is counted too. Replay, training and service use this one class.
It knows nothing of stores: a service fills it from the journal when it starts
(:meth:`Velocity.of`), so a restart forgets nothing. Read :mod:`gnn.features_velocity` for what is
made of it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.facts import Event, Payment, Signup

MINUTE_US = 60_000_000
SPANS_US = (10 * MINUTE_US, 60 * MINUTE_US, 1_440 * MINUTE_US)
"""Ten minutes, an hour, a day."""
HORIZON_US = 21 * SPANS_US[2]
"""What is older counts less than a billionth, and is let go."""
FLOW = "flow"
"""The kind under which every sign-up counts."""
KINDS = (FLOW, "ip", "subnet", "device", "email_domain", "asn", "issuer")

Rate = tuple[float, float, float]
Rates = Mapping[str, Rate]
"""By kind: what the entity of a sign-up has counted so far, for each span; unnamed ones are absent.
"""

_COLUMNS = ("ip", "subnet", "device", "email_domain", "asn")
SIGNUP_COLUMNS = ("account_id", "at", *_COLUMNS)
PAYMENT_COLUMNS = ("event_id", "at", "issuer")
"""What :meth:`Velocity.of` reads."""
_Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Counter:
    """``counts`` as of ``at`` (us), the latest event of the entity."""

    at: int
    counts: list[float]

    def add(self, at: int) -> None:
        if at > self.at:
            self.counts = [c * f + 1.0 for c, f in zip(self.counts, _fade(at - self.at))]  # noqa: B905
            self.at = at
        else:
            self.counts = [c + f for c, f in zip(self.counts, _fade(self.at - at))]  # noqa: B905

    def read(self, now: int, own_at: int | None) -> Rate:
        """As of ``now``, without an own event at ``own_at``; later events count in full."""
        found = [c * f for c, f in zip(self.counts, _fade(max(now - self.at, 0)))]  # noqa: B905
        if own_at is not None:
            seen = max(now, self.at)
            found = [max(c - f, 0.0) for c, f in zip(found, _fade(seen - own_at))]  # noqa: B905
        return found[0], found[1], found[2]


@dataclass
class Velocity:
    """``Velocity()`` knows nothing yet; safe to share between threads.

    A sign-up is known by its account, a payment by its event id: each counts once.
    """

    # Two shelves each, the one in use and the one before: what is not touched for a horizon goes
    # with the older shelf, at no cost while events come.
    _counters: dict[str, _Counter] = field(default_factory=dict)
    _counters_before: dict[str, _Counter] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _seen_before: dict[str, int] = field(default_factory=dict)
    _newest: int = 0
    _turned_at: int | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, signups: pa.Table, payments: pa.Table) -> Self:
        """The state after these cleaned rows (columns of ``graph.cleaned.SCHEMAS``), all at once.

        Equal to :meth:`see` of each of them; a million rows take seconds, not minutes.
        """
        made = cls()
        for table, name in ((signups, "account_id"), (payments, "event_id")):
            moments = table["at"].to_pylist()
            made._newest = max(made._newest, *moments) if moments else made._newest
            made._seen.update(zip(_seen_ids(name, table[name].to_pylist()), moments, strict=True))
        at = np.asarray(signups["at"], np.int64)
        if len(at):
            made._count(FLOW, pa.chunked_array([pa.array([""] * len(at))]), at)
        for kind in _COLUMNS:
            made._count(kind, signups[kind], at)
        made._count("issuer", payments["issuer"], np.asarray(payments["at"], np.int64))
        made._turned_at = made._newest or None
        return made

    def see(self, event: Event) -> None:
        """Count a sign-up or a payment, once; other events, and faded ones, change nothing."""
        known_as = _id_of(event)
        if known_as is None:
            return
        with self._lock:
            at: int = event.at
            if at <= self._newest - HORIZON_US or self._seen_at(known_as) is not None:
                return
            self._turn(at)
            self._seen[known_as] = at
            for kind, key in _counted(event):
                self._add(f"{kind}:{key}", at)

    def rates(self, event: Signup, now: int, payment: Payment | None = None) -> Rates:
        """What the entities of a sign-up have counted by ``now`` (us), itself left out."""
        named = [*_counted(event), *(_counted(payment) if payment else ())]
        with self._lock:
            own_at = self._seen_at(f"account:{event.account_id}")
            return {
                kind: self._read(f"{kind}:{key}", now, None if kind == "issuer" else own_at)
                for kind, key in named
            }

    def __len__(self) -> int:
        return len(self._counters) + len(self._counters_before)

    def _add(self, name: str, at: int) -> None:
        counter = self._counters.get(name)
        if counter is None and (counter := self._counters_before.pop(name, None)) is not None:
            self._counters[name] = counter
        if counter is None:
            self._counters[name] = _Counter(at, [1.0, 1.0, 1.0])
        else:
            counter.add(at)

    def _read(self, name: str, now: int, own_at: int | None) -> Rate:
        counter = self._counters.get(name) or self._counters_before.get(name)
        return (0.0, 0.0, 0.0) if counter is None else counter.read(now, own_at)

    def _seen_at(self, known_as: str) -> int | None:
        at = self._seen.get(known_as)
        return self._seen_before.get(known_as) if at is None else at

    def _turn(self, at: int) -> None:
        """Begin new shelves once a horizon: the older ones hold only what has faded."""
        self._newest = max(self._newest, at)
        if self._turned_at is None:
            self._turned_at = self._newest
        elif self._newest - self._turned_at >= HORIZON_US:
            self._counters_before, self._counters = self._counters, {}
            self._seen_before, self._seen = self._seen, {}
            self._turned_at = self._newest

    def _count(self, kind: str, keys: pa.ChunkedArray, at: _Ints) -> None:
        """Count a column of keys, each row at its moment."""
        coded = keys.combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        known = np.asarray(coded.is_valid())
        code = np.asarray(coded.indices.fill_null(0), np.int64)[known]
        if not len(code):
            return
        moment = at[known]
        last = np.full(len(coded.dictionary), np.iinfo(np.int64).min)
        np.maximum.at(last, code, moment)
        age = (last[code] - moment).astype(np.float64)
        sums = [np.bincount(code, np.exp(-age / span), len(last)).tolist() for span in SPANS_US]
        rows = zip(
            coded.dictionary.to_pylist(), last.tolist(), zip(*sums, strict=True), strict=True
        )
        self._counters.update({f"{kind}:{k}": _Counter(at, list(c)) for k, at, c in rows})


def _fade(age_us: int) -> Rate:
    short, middle, long = SPANS_US
    return math.exp(-age_us / short), math.exp(-age_us / middle), math.exp(-age_us / long)


def _id_of(event: Event) -> str | None:
    if isinstance(event, Signup):
        return f"account:{event.account_id}"
    return f"payment:{event.event_id}" if isinstance(event, Payment) else None


def _seen_ids(column: str, values: list[str]) -> Iterator[str]:
    kind = "account" if column == "account_id" else "payment"
    return (f"{kind}:{value}" for value in values)


def _counted(event: Event) -> Iterator[tuple[str, str]]:
    """Kind and key of everything that an event counts for."""
    if isinstance(event, Payment):
        if event.issuer is not None:
            yield "issuer", event.issuer
        return
    if not isinstance(event, Signup):
        return
    yield FLOW, ""
    place = event.place
    held = (place.ip, place.subnet, event.device, event.email_domain, place.asn)
    yield from ((kind, key) for kind, key in zip(_COLUMNS, held, strict=True) if key is not None)
