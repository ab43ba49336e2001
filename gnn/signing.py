"""Who made a bundle: an Ed25519 signature over its digest, and whose signatures are believed.

The one home of ``cryptography``. Keys are 32 raw bytes, written as 64 hexadecimal digits. It knows
nothing of what a bundle holds (:mod:`gnn.bundle`) or where keys are kept (the roof's settings).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graph.errors import BundleUnsigned, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

SIGNATURE = "signature.json"
_CONTEXT = b"ringsight bundle "  # a signature of something else is never one of a bundle


@dataclass(frozen=True)
class Signer:
    """A private key: ``Signer.of(text)``; hidden in ``repr``."""

    _secret: bytes

    @classmethod
    def of(cls, text: str) -> "Signer":
        """The key of 64 hexadecimal digits.

        Raises:
            SettingsError: if it is none.
        """
        return cls(_raw(text, "signing key"))

    @classmethod
    def fresh(cls) -> "Signer":
        """A key that nobody has had before."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def __repr__(self) -> str:
        return f"Signer(public={self.public!r})"

    @property
    def secret(self) -> str:
        """The private key, for the file that keeps it and for nothing else."""
        return self._secret.hex()

    @property
    def public(self) -> str:
        """The public key that verifies what this one signs."""
        return self._key().public_key().public_bytes_raw().hex()

    def sign(self, digest: str, folder: Path) -> None:
        """Write the signature over a bundle's ``digest`` into its ``folder``."""
        told = {"key": self.public, "signature": self._key().sign(_message(digest)).hex()}
        fresh = folder / f".{SIGNATURE}.new"
        fresh.write_text(json.dumps(told) + "\n", encoding="utf-8")
        fresh.replace(folder / SIGNATURE)

    def _key(self) -> "ed25519.Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(self._secret)


@dataclass(frozen=True)
class Trust:
    """Whose bundles are loaded: ``Trust.of([public])``; ``unsigned`` ones only in a demo."""

    keys: frozenset[str] = frozenset()
    unsigned: bool = False

    @classmethod
    def of(cls, keys: Iterable[str], *, unsigned: bool = False) -> "Trust":
        """Trust in the holders of these public keys.

        Raises:
            SettingsError: if one of them is no key.
        """
        return cls(frozenset(_raw(key, "verify key").hex() for key in keys), unsigned)

    def check(self, digest: str, folder: Path) -> None:
        """Let a bundle pass whose ``digest`` a trusted key signed.

        Raises:
            BundleUnsigned: if there is no signature, or it is somebody else's or wrong.
        """
        place = folder / SIGNATURE
        if not place.is_file():
            if self.unsigned:
                return
            raise BundleUnsigned(f"the bundle {folder.name} is not signed; train it here again")
        try:
            told = json.loads(place.read_bytes())
            key, signature = str(told["key"]), bytes.fromhex(told["signature"])
        except (ValueError, KeyError, TypeError) as error:
            raise BundleUnsigned(f"the signature of {folder.name} cannot be read") from error
        if key not in self.keys:
            raise BundleUnsigned(
                f"the bundle {folder.name} is signed by {key[:12]}..., who is not trusted; "
                f"trusted: {', '.join(sorted(k[:12] for k in self.keys)) or 'nobody'}"
            )
        if not _verified(key, signature, digest):
            raise BundleUnsigned(f"the signature of {folder.name} is not over what it holds")


def _verified(key: str, signature: bytes, digest: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, _message(digest))
    except InvalidSignature:
        return False
    return True


def _message(digest: str) -> bytes:
    return _CONTEXT + digest.encode()


def _raw(text: str, what: str) -> bytes:
    try:
        raw = bytes.fromhex(text.strip())
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise SettingsError(f"a {what} is 64 hexadecimal digits; got {len(text.strip())} signs")
    return raw
