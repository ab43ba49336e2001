"""A world's events as flat arrays, read through the same tables a customer would hand over.

Prompt texts are reduced, chunk by chunk, to what a column may use: length, a digest of the first
words, script. Nothing here knows the truth.
"""

import csv
import ipaddress
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.simulate import tables
from graph.simulate.networks import PACKAGED_NETWORKS
from graph.simulate.world import World

Ints = NDArray[np.int64]
CLASSES = ("home", "mobile", "hosting", "vpn", "campus", "office")
_WORDS_OF_HEAD = 6


@dataclass(frozen=True, slots=True)
class Observed:
    """Arrays of a world's events; ``account`` numbers follow the order of sign-ups.

    ``requests``, ``payments``, ``sessions``: name -> array; texts are coded as integers, -1 for
    null.
    """

    signups: dict[str, list[Any]]
    requests: dict[str, Ints]
    payments: dict[str, Ints]
    sessions: dict[str, Ints]
    releases: dict[str, int]

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.signups["account_id"])


def observe(world: World) -> Observed:
    """Everything but text of one world."""
    signups = tables.table(world, "signups").to_pydict()
    signups["created_us"] = [_us(at) for at in signups["created_at"]]
    number = {name: i for i, name in enumerate(signups["account_id"])}
    releases = {name: at for name, at in world.town.releases.items() if at < world.town.end}
    chunks = [_reduced(batch, number, list(releases)) for batch in tables.requests(world)]
    requests = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    pay = tables.table(world, "payments")
    payments = {
        "account": _numbers(pay["account_id"], number), "at": _times(pay["occurred_at"]),
        "method": _coded(pay["payment_method_id"]), "issuer": _coded(pay["issuer_id"]),
        "issuer_country": _hashed(pay["issuer_country"]), "kind": _hashed(pay["kind"]),
        "outcome": _hashed(pay["outcome"]),
        "amount": (np.array(pay["amount_usd"]) * 100).astype(np.int64),
    }  # fmt: skip
    ses = tables.table(world, "sessions")
    sessions = {
        "account": _numbers(ses["account_id"], number), "at": _times(ses["occurred_at"]),
        "device": _hashed(ses["device_id"]), "ip": _addresses(ses["ip"]),
    }  # fmt: skip
    return Observed(signups, requests, payments, sessions, releases)


def _us(moment: Any) -> int:
    return int(moment.timestamp() * 1_000_000)


def _numbers(names: Any, number: dict[str, int]) -> Ints:
    return np.array([number[name] for name in names.to_pylist()], np.int64)


def _times(column: Any) -> Ints:
    return np.asarray(column.cast(pa.int64()), np.int64)


def code(value: str | None) -> int:
    """A stable number of a text; -1 for none."""
    return -1 if value is None else zlib.crc32(value.encode())


def address(text: str) -> int:
    """An IPv4 address as a number."""
    return int(ipaddress.IPv4Address(text))


def _hashed(column: Any) -> Ints:
    """Stable numbers of a column's texts."""
    encoded = pc.dictionary_encode(column)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    words = np.array([code(v) for v in encoded.dictionary.to_pylist()] + [-1], np.int64)
    index = encoded.indices.fill_null(len(words) - 1)
    return words[np.asarray(index, np.int64)]


def _coded(column: Any) -> Ints:
    return _hashed(column)


def _addresses(column: Any) -> Ints:
    texts = column.to_pylist()
    known = {text: -1 if text is None else address(text) for text in set(texts)}
    return np.array([known[text] for text in texts], np.int64)


def _head(text: str) -> int:
    words = text.split(maxsplit=_WORDS_OF_HEAD)[:_WORDS_OF_HEAD]
    return zlib.crc32(" ".join(words).lower().encode())


def _reduced(
    batch: pa.RecordBatch, number: dict[str, int], models: Sequence[str]
) -> dict[str, Ints]:
    column = batch.column
    names = batch.schema.names
    prompts = column(names.index("prompt")).to_pylist()
    order = {code(name): i for i, name in enumerate(models)}
    model = _hashed(column(names.index("model")))
    return {
        "account": _numbers(column(names.index("account_id")), number),
        "at": _times(column(names.index("occurred_at"))),
        "ip": _addresses(column(names.index("ip"))),
        "agent": _hashed(column(names.index("user_agent"))),
        "model": np.array([order[m] for m in model.tolist()], np.int64),
        "head": np.array([_head(p) for p in prompts], np.int64),
        "length": np.array([len(p) for p in prompts], np.int64),
        "foreign": np.array([int(not p.isascii()) for p in prompts], np.int64),
        "carried": np.array([int(p.startswith("User: ")) for p in prompts], np.int64),
        "json": np.array([int(p.startswith("{")) for p in prompts], np.int64),
        "lines": np.array([p.count("\n") for p in prompts], np.int64),
        "system": _hashed(column(names.index("system_prompt"))),
        "conversation": _hashed(column(names.index("conversation_id"))),
        "turn": np.asarray(column(names.index("turn")).fill_null(0), np.int64),
        "asked": np.asarray(column(names.index("prompt_tokens")), np.int64),
        "answered": np.asarray(column(names.index("completion_tokens")), np.int64),
        "outcome": _hashed(column(names.index("outcome"))),
    }


@dataclass(frozen=True, slots=True)
class AddressTable:
    """Class (index of ``CLASSES``), operator and country of an address, by the packaged ranges."""

    first: Ints
    last: Ints
    kind: Ints
    asn: Ints
    country: Ints

    @classmethod
    def load(cls) -> "AddressTable":
        """The packaged table, sorted."""
        with PACKAGED_NETWORKS.open(encoding="utf-8", newline="") as file:
            rows = [(ipaddress.IPv4Network(r["prefix"]), r) for r in csv.DictReader(file)]
        rows.sort(key=lambda row: int(row[0].network_address))
        return cls(
            _column(int(net.network_address) for net, _ in rows),
            _column(int(net.broadcast_address) for net, _ in rows),
            _column(CLASSES.index(r["class"]) for _, r in rows),
            _column(int(r["asn"]) for _, r in rows), _column(code(r["country"]) for _, r in rows),
        )  # fmt: skip

    def find(self, addresses: Ints) -> Ints:
        """Row of the table of each address, -1 where unknown."""
        row = np.searchsorted(self.first, addresses, side="right") - 1
        known = (row >= 0) & (addresses <= self.last[np.maximum(row, 0)]) & (addresses >= 0)
        return np.where(known, row, -1)


def _column(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)
