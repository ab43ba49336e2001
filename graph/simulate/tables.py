"""A world's tables in the event contract, as Arrow, a chunk at a time.

Columns and their order come from :data:`graph.contract.TABLES`; times are ``timestamp[us, UTC]``.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.contract import TABLES, ColumnType
from graph.simulate.activity import sittings
from graph.simulate.chance import stream, uniforms
from graph.simulate.lexicon import Lexicon
from graph.simulate.networks import text_of
from graph.simulate.wording import Wording, transcript
from graph.simulate.world import World

CHUNK_ROWS: Final = 50_000
_TYPES: Final = {
    ColumnType.TIME: pa.timestamp("us", tz="UTC"),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.MONEY: pa.float64(),
}
TRUTH: Final = pa.schema(
    [
        ("account_id", pa.string()), ("kind", pa.string()), ("campaign", pa.string()),
        ("operator", pa.string()), ("active_from", pa.timestamp("us", tz="UTC")),
    ]
)  # fmt: skip


def schema_of(table: str) -> pa.Schema:
    """The Arrow schema of a table of the contract."""
    columns = TABLES[table].columns
    return pa.schema([(c.name, _TYPES.get(c.type, pa.string())) for c in columns])


def _batch(table: str, columns: dict[str, Any]) -> pa.RecordBatch:
    schema = schema_of(table)
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _event_ids(prefix: str, seed: int, first: int, count: int) -> list[str]:
    """Ids that tell neither order nor account."""
    words = (uniforms(np.arange(first, first + count), seed + 77) * 2**53).astype(np.int64)
    return [f"{prefix}_{word:014x}{i % 4096:03x}" for i, word in enumerate(words.tolist(), first)]


def signups(world: World) -> Iterator[pa.RecordBatch]:
    """The sign-ups, oldest first."""
    cast = world.cast
    yield _batch("signups", {
        "account_id": [a.account_id for a in cast], "created_at": [a.created_at for a in cast],
        "email": [a.email for a in cast], "phone": [a.phone for a in cast],
        "ip": [text_of(a.signup_address) for a in cast],
        "device_id": [a.device_ids[0] for a in cast], "user_agent": [a.agent for a in cast],
        "country": [a.country for a in cast], "pathway": [a.pathway for a in cast],
        "plan": [a.plan for a in cast], "organisation": [a.organisation for a in cast],
        "referrer_account_id": [a.referrer.account_id if a.referrer else None for a in cast],
    })  # fmt: skip


def payments(world: World) -> Iterator[pa.RecordBatch]:
    """The payments in order of time."""
    rows = world.payments
    yield _batch("payments", {
        "event_id": _event_ids("pay", world.seed, 0, len(rows)),
        "account_id": [p.account_id for p in rows], "occurred_at": [p.occurred_at for p in rows],
        "payment_method_id": [p.card.method for p in rows], "kind": [p.card.kind for p in rows],
        "issuer_id": [p.card.issuer for p in rows],
        "issuer_country": [p.card.country for p in rows],
        "amount_usd": [p.amount_usd for p in rows], "outcome": [p.outcome for p in rows],
    })  # fmt: skip


def sessions(world: World) -> Iterator[pa.RecordBatch]:
    """The sessions: one a sitting, for accounts whose sittings are logged."""
    act, cast = world.activity, world.cast
    rng = stream(world.seed, "sessions")
    first, at = sittings(act, rng)
    logged = np.array([a.fields.sessions for a in cast])[act.account[first]]
    kept = rng.random(len(first)) < logged
    first, at = first[kept], at[kept]
    accounts = act.account[first].tolist()
    draws = uniforms(act.cell[first], 41).tolist()
    devices = [
        cast[a].device_ids[int(u * u * len(cast[a].device_ids))]
        for a, u in zip(accounts, draws, strict=True)
    ]
    yield _batch("sessions", {
        "event_id": _event_ids("ses", world.seed, 0, len(first)),
        "account_id": [cast[a].account_id for a in accounts], "occurred_at": at,
        "ip": [text_of(ip) for ip in act.address[first].tolist()], "device_id": devices,
        "user_agent": [act.agents[i] for i in act.agent[first].tolist()],
    })  # fmt: skip


def enforcements(world: World) -> Iterator[pa.RecordBatch]:
    """Bans, limits, checks and reinstatements in order of time."""
    rows = world.enforcements
    yield _batch("enforcements", {
        "event_id": _event_ids("enf", world.seed, 0, len(rows)),
        "account_id": [r.account_id for r in rows], "occurred_at": [r.occurred_at for r in rows],
        "action": [r.action for r in rows], "reason": [r.reason for r in rows],
    })  # fmt: skip


def labels(world: World) -> Iterator[pa.RecordBatch]:
    """The labels in order of decision."""
    rows = world.labels
    names = [field.name for field in schema_of("labels")]
    yield _batch("labels", {name: [getattr(r, name) for r in rows] for name in names})


def model_releases(world: World) -> Iterator[pa.RecordBatch]:
    """The releases up to the window's end."""
    known = {m: at for m, at in world.town.releases.items() if at < world.town.end}
    yield _batch("model_releases", {"model": list(known), "released_at": list(known.values())})


def requests(world: World, chunk_rows: int = CHUNK_ROWS) -> Iterator[pa.RecordBatch]:
    """The requests in order of time, ``chunk_rows`` at a time."""
    act = world.activity
    wording = Wording(Lexicon.load(world.spec.prompts_path), world.town.repertoire.streams)
    parents = set(act.parent[act.parent >= 0].tolist())
    kept: dict[int, str] = {}
    for first in range(0, len(act), chunk_rows):
        rows = slice(first, min(first + chunk_rows, len(act)))
        yield _requests_chunk(world, wording, rows, (parents, kept))


def _requests_chunk(
    world: World, wording: Wording, rows: slice, carried: tuple[set[int], dict[int, str]]
) -> pa.RecordBatch:
    act, cast = world.activity, world.cast
    rng = stream(world.seed, "wording", rows.start)
    account = act.account[rows].tolist()
    topics = np.array([cast[a].vocabulary for a in account], np.int64)
    said, systems = wording.lines(act.stream[rows], topics, rng)
    prompts = _carried(said, act.parent[rows].tolist(), rows.start, carried)
    fields = [cast[a].fields for a in account]
    shown = [s if f.system else None for s, f in zip(systems, fields, strict=True)]
    prompts = [
        f"{s}\n\n{p}" if s and not f.system else p
        for p, s, f in zip(prompts, systems, fields, strict=True)
    ]
    talks = [f.conversation for f in fields]
    conversation = _conversation_ids(world.seed, act.conversation[rows])
    lengths = np.array([len(p) + len(s or "") for p, s in zip(prompts, shown, strict=True)])
    outcome, answers = _answers(world, act.stream[rows], rng)
    return _batch("requests", {
        "request_id": _event_ids("req", world.seed, rows.start, len(account)),
        "account_id": [cast[a].account_id for a in account], "occurred_at": act.at[rows],
        "ip": [text_of(ip) if f.request_ip else None
               for ip, f in zip(act.address[rows].tolist(), fields, strict=True)],
        "user_agent": [act.agents[i] if f.request_agent else None
                       for i, f in zip(act.agent[rows].tolist(), fields, strict=True)],
        "model": [act.models[m] for m in act.model[rows].tolist()],
        "prompt": prompts, "system_prompt": shown,
        "conversation_id": [c if t else None for c, t in zip(conversation, talks, strict=True)],
        "turn": [n if t else None for n, t in zip(act.turn[rows].tolist(), talks, strict=True)],
        "prompt_tokens": 1 + (lengths / 3.9 * rng.uniform(0.9, 1.1, len(lengths))).astype(np.int64),
        "completion_tokens": answers, "outcome": outcome,
    })  # fmt: skip


def _carried(
    said: Sequence[str],
    parents: Sequence[int],
    first: int,
    carried: tuple[set[int], dict[int, str]],
) -> list[str]:
    """Prompts, with the talk they go on with in front of them."""
    wanted, kept = carried
    prompts: list[str] = []
    for row, (prompt, parent) in enumerate(zip(said, parents, strict=True), first):
        text = transcript(kept[parent][-1500:], prompt) if parent >= 0 else prompt
        prompts.append(text)
        if row in wanted:
            kept[row] = text
    return prompts


def _conversation_ids(seed: int, numbers: NDArray[np.int64]) -> list[str]:
    words = (uniforms(numbers, seed + 78) * 2**53).astype(np.int64).tolist()
    return [f"conv_{word:014x}" for word in words]


def _answers(
    world: World, streams: NDArray[np.int64], rng: np.random.Generator
) -> tuple[list[str | None], NDArray[np.int64]]:
    """Outcome and length (tokens) of every answer."""
    known = world.town.repertoire.streams
    reply = np.array([s.reply_tokens for s in known], np.float64)[streams]
    refusal = np.array([s.refusal for s in known])[streams]
    draw = rng.random(len(streams))
    tokens = np.maximum(1, reply * np.exp(0.7 * rng.standard_normal(len(streams)))).astype(np.int64)
    refused, limited = draw < refusal, draw > 0.993
    missing = rng.random(len(streams)) < 0.02
    names = np.select([missing, refused, limited], ["", "refused", "limited"], "ok").tolist()
    short = np.where(refused, np.minimum(tokens, 60), tokens)
    return [name or None for name in names], np.where(limited, 0, short)


def truth(world: World) -> pa.Table:
    """Who was what: for the reports of back-tests and benchmarks only."""
    rows = [
        {
            "account_id": a.account_id, "kind": a.kind, "campaign": a.campaign,
            "operator": a.operator, "active_from": a.active_from,
        }
        for a in world.cast
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=TRUTH)


MAKERS: Final = {
    "signups": signups, "payments": payments, "sessions": sessions, "requests": requests,
    "enforcements": enforcements, "labels": labels, "model_releases": model_releases,
}  # fmt: skip


def table(world: World, name: str) -> pa.Table:
    """One whole table of the contract, in memory."""
    return pa.Table.from_batches(list(MAKERS[name](world)), schema=schema_of(name))


def digest(world: World) -> str:
    """A digest of every table's content: the same for the same specification and seed."""
    digest = hashlib.sha256()
    for name in MAKERS:
        for batch in MAKERS[name](world):
            digest.update(name.encode())
            digest.update(batch.serialize())
    return digest.hexdigest()
