"""API keys in the ledger: made, rotated, revoked; never readable.

A key reads ``rsk_<id>_<secret>``. The secret has 256 bits of chance, so its plain SHA-256 is kept:
slow hashing protects guessable passwords, and would cost every call here. Whoever reads the ledger
learns no key. ``api.access.keyring`` holds them in memory for the calls.
"""

import hashlib
import hmac
import re
from dataclasses import replace

from sqlalchemy import Connection, insert, select, update

from graph.errors import NotFound
from graph.ledger.marks import bump
from graph.ledger.port import ApiKey, Role, Scope
from graph.ledger.tables import api_key

PREFIX = "rsk"
SECRET_BYTES = 32
ID_BYTES = 6
_SHAPE = re.compile(r"rsk_([0-9a-f]{12})_([0-9a-f]{64})")


def split_key(text: str) -> tuple[str, str] | None:
    """Id and digest of the secret in a key as it is sent; None if it has not a key's shape."""
    found = _SHAPE.fullmatch(text)
    return None if found is None else (found[1], _digest(found[2]))


def fits(key: ApiKey, digest: str) -> bool:
    """Whether ``digest`` is the key's, in a time that does not tell how much of it fits."""
    return hmac.compare_digest(key.digest, digest)


def create(book: Connection, like: ApiKey) -> tuple[ApiKey, str]:
    """A new key with the rights of ``like`` (its id and digest are ignored), and its text.

    The text is given here once and can never be read again.
    """
    identity, secret = book.info["chance"](ID_BYTES).hex(), book.info["chance"](SECRET_BYTES).hex()
    key = replace(like, id=identity, digest=_digest(secret))
    book.execute(insert(api_key).values(_row(key)))
    bump(book, "keys")
    return key, f"{PREFIX}_{identity}_{secret}"


def revoke(book: Connection, identity: str, at: int) -> ApiKey:
    """End a key from ``at`` on; one that has an earlier end keeps it.

    Raises:
        NotFound: if there is no such key.
    """
    key = one(book, identity)
    ends = min(at, key.revoked_at or at)
    book.execute(update(api_key).where(api_key.c.id == identity).values(revoked_at=ends))
    bump(book, "keys")
    return replace(key, revoked_at=ends)


def rotate(book: Connection, identity: str, at: int, overlap_us: int) -> tuple[ApiKey, str]:
    """A new key with the same rights; the old one works ``overlap_us`` longer.

    Raises:
        NotFound: if there is no such key, or it has ended.
    """
    old = one(book, identity)
    if not old.live(at):
        raise NotFound(f"the key {identity} has ended; create another")
    revoke(book, identity, at + overlap_us)
    return create(book, replace(old, created_at=at, revoked_at=None))


def one(book: Connection, identity: str) -> ApiKey:
    """The key of that id.

    Raises:
        NotFound: if there is none.
    """
    row = book.execute(select(api_key).where(api_key.c.id == identity)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no key {identity!r}; `ringsight key list` shows those there are")
    return _key(dict(row))


def every(book: Connection) -> list[ApiKey]:
    """All keys, the oldest first, ended ones too."""
    rows = book.execute(select(api_key).order_by(api_key.c.created_at, api_key.c.id)).mappings()
    return [_key(dict(row)) for row in rows]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id, "name": key.name, "scopes": " ".join(sorted(key.scopes)), "role": key.role,
        "digest": key.digest, "reasons": key.reasons, "rate_per_s": key.rate_per_s,
        "created_at": key.created_at, "created_by": key.created_by,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    }  # fmt: skip


def _key(row: dict[str, object]) -> ApiKey:
    row |= {
        "scopes": frozenset(Scope(name) for name in str(row["scopes"]).split()),
        "role": Role(str(row["role"])),
    }
    return ApiKey(**row)  # type: ignore[arg-type]
