"""``ringsight erase``: an account forgotten wherever this deployment keeps something of it.

Journal, graph, ledger, quarantine and run folders, in an order in which a kill costs a repetition
and nothing else: the journal first, because the others are made from it. The receipt says what was
removed where, what cannot be looked into, and stays in the ledger under a keyed digest of the id.
The service may run meanwhile. Backups that were made before still hold the account: that is said.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import insert

from api.opened import store_of
from api.schemas.answers import moment
from api.settings import Settings
from api.workshop import journal_of
from graph.door import Door
from graph.erased import text_without
from graph.flush import flush
from graph.ledger import erase as ledger_erase
from graph.ledger.audit import Act, append
from graph.ledger.engine import Ledger
from graph.ledger.tables import erased
from graph.schema import NodeType, node_id

ACTOR = "command line"
_TEXT_FILES = (".json", ".jsonl", ".csv", ".md", ".html", ".txt")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was removed. ``account`` is a keyed digest of the id, which is kept nowhere.

    ``still_named`` are files of the home folder that go on naming the account because they cannot
    be rewritten; they are the operator's to look at.
    """

    account: str
    erased_at: int
    journal: dict[str, int]
    quarantine: int
    ledger: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    still_named: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The form that is printed and kept."""
        told = asdict(self)
        return {
            **told,
            "erased_at": moment(self.erased_at).isoformat(),
            "note": "backups and sources outside this folder are not touched",
        }


def erase_account(settings: Settings, key: bytes, account_id: str, now: int) -> Receipt:
    """Forget ``account_id``; again changes nothing more.

    Raises:
        KeyRefused: if journal or store were begun with another key.
        StoreError: if a part cannot answer; calling again goes on.
    """
    name = hmac.new(key, f"erased {account_id}".encode(), hashlib.sha256).hexdigest()[:32]
    with journal_of(settings, key) as journal, store_of(settings) as store:
        removed = journal.forget(account_id)
        row = Door(key).row_key("signups", [account_id])
        quarantined = journal.unquarantine(row) if row else 0
        flush(journal, store)
        store.erase(account_id)
        journal.bury()
    files = tuple(_rewritten(settings.home, account_id))
    with Ledger(settings.ledger_address) as ledger:
        with ledger.writing() as book:
            rows = ledger_erase.erase(book, account_id)
        ledger.rewrite()
        left = tuple(_naming(settings, account_id))
        receipt = Receipt(name, now, removed, quarantined, rows, files, left)
        told = json.dumps(receipt.as_json(), sort_keys=True)
        with ledger.writing() as book:
            digest = hashlib.sha256(told.encode()).hexdigest()
            append(book, [Act(now, ACTOR, "account.erase", None, {"receipt": digest})])
            identity = f"{name}-{now}"
            book.execute(insert(erased).values(digest=identity, at=now, author=ACTOR, receipt=told))
    return receipt


def _rewritten(home: Path, account_id: str) -> Iterator[str]:
    """Rewrite the run files that name the account; gives their names."""
    for path in _run_files(home):
        if path.suffix == ".parquet":
            changed = _parquet_rewritten(path, account_id)
        elif path.suffix in _TEXT_FILES:
            changed = _text_rewritten(path, account_id)
        else:
            continue
        if changed:
            yield str(path.relative_to(home))


def _run_files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _parquet_rewritten(path: Path, account_id: str) -> bool:
    table = pq.read_table(path)
    kept = _without_rows(table, account_id)
    for place, name in enumerate(kept.column_names):
        if pa.types.is_string(kept.schema.field(name).type):
            texts = kept[name].to_pylist()
            clean = [text and text_without(text, account_id) for text in texts]
            if clean != texts:
                kept = kept.set_column(place, kept.schema.field(name), pa.array(clean))
    if kept.equals(table):
        return False
    fresh = path.with_name(f".{path.name}.new")
    pq.write_table(kept, fresh)
    fresh.replace(path)
    return True


def _without_rows(table: pa.Table, account_id: str) -> pa.Table:
    """``table`` without the rows one of whose cells is the account."""
    names = pa.array([account_id, node_id(NodeType.ACCOUNT, account_id)])
    for name in table.column_names:
        if pa.types.is_string(table.schema.field(name).type):
            hits = pc.is_in(table[name], value_set=names)
            table = table.filter(pc.invert(hits))
    return table


def _text_rewritten(path: Path, account_id: str) -> bool:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    lines = text.splitlines(keepends=True) if path.suffix != ".json" else [text]
    clean = "".join(_line(line, account_id) for line in lines)
    if clean == text:
        return False
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(clean, encoding="utf-8", errors="surrogateescape")
    fresh.replace(path)
    return True


def _line(line: str, account_id: str) -> str:
    bare = line.rstrip("\r\n")
    return text_without(bare, account_id) + line[len(bare) :]


def _naming(settings: Settings, account_id: str) -> Iterator[str]:
    """Files of the home folder that name the account still, as bytes."""
    word = re.compile(rb"(?<![\w-])" + re.escape(account_id.encode()) + rb"(?![\w-])")
    for path in _run_files(settings.home):
        if path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            if word.search(content):
                yield str(path.relative_to(settings.home))
