"""Tokens of people: JWTs that the company's identity provider (OIDC) signed.

The provider's public keys come from a JWKS, by URL or from a file. Only asymmetric signatures are
taken, and issuer, audience, end and subject must be there. A claim says the person's roles; the
highest that Ringsight knows counts, and a token without one opens nothing.
"""

import hashlib
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from api.access.principal import Principal
from graph.errors import NotRecognised, SettingsError
from graph.ledger.port import Role, Scope

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
LEEWAY_S = 30
REMEMBERED_S = 60.0
REMEMBERED_MOST = 1_000
FETCH_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose tokens are taken: ``Provider("https://id.example", "ringsight", "/etc/jwks.json")``.

    ``jwks`` is an https URL or a file; ``roles_claim`` may name a nested claim (``realm.roles``).
    """

    issuer: str
    audience: str
    jwks: str
    roles_claim: str = "roles"


class Tokens:
    """Reads tokens; one that was good is remembered for a minute, or until it ends."""

    def __init__(self, provider: Provider) -> None:
        """Take the provider's keys in hand; a URL is first asked when a token comes.

        Raises:
            SettingsError: if the file of keys cannot be read, or the URL is not https.
        """
        self._provider = provider
        self._source = _keys_of(provider.jwks)
        self._good: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._lock = Lock()

    def read(self, token: str) -> Principal:
        """Whose token it is.

        Raises:
            NotRecognised: if it is not the provider's, has ended, or names no role of ours.
        """
        digest = hashlib.sha256(token.encode()).digest()
        now = time.time()
        with self._lock:
            held = self._good.get(digest)
        if held is not None and held[0] > now:
            return held[1]
        claims = self._claims(token)
        principal = self._principal(claims)
        with self._lock:
            self._good[digest] = (min(now + REMEMBERED_S, float(claims["exp"])), principal)
            if len(self._good) > REMEMBERED_MOST:
                self._good.popitem(last=False)
        return principal

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt  # noqa: PLC0415 - not every deployment has people

        try:
            found: dict[str, Any] = jwt.decode(
                token,
                self._source.get_signing_key_from_jwt(token).key,
                algorithms=list(ALGORITHMS),
                audience=self._provider.audience,
                issuer=self._provider.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise NotRecognised(f"the token is not good: {type(error).__name__}") from None
        return found

    def _principal(self, claims: dict[str, Any]) -> Principal:
        said: Any = claims
        for step in self._provider.roles_claim.split("."):
            said = said.get(step) if isinstance(said, dict) else None
        names = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        roles = [role for role in Role if role in names]
        if not roles:
            raise NotRecognised(f"the token's {self._provider.roles_claim} names no role of ours")
        scopes = {Scope.INVESTIGATE} | ({Scope.ADMIN} if roles[-1] is Role.ADMIN else set())
        subject = str(claims["sub"])
        # Providers use e-mail addresses as subjects and names; the ledger must hold none.
        shown = hashlib.sha256(subject.encode()).hexdigest()[:16] if "@" in subject else subject
        name = str(claims.get("preferred_username") or shown)
        return Principal(
            id=f"person:{shown}",
            name=shown if "@" in name else name,
            scopes=frozenset(scopes),
            role=roles[-1],
        )


def _keys_of(jwks: str) -> Any:
    import jwt  # noqa: PLC0415

    if jwks.startswith("https://"):
        return jwt.PyJWKClient(jwks, cache_keys=True, timeout=FETCH_TIMEOUT_S)
    if "://" in jwks:
        raise SettingsError("RINGSIGHT_OIDC_JWKS must be an https URL or a file")
    try:
        return _File(jwt.PyJWKSet.from_dict(json.loads(Path(jwks).read_text())))
    except OSError as error:
        raise SettingsError(f"cannot read {jwks}: {error.strerror}") from None
    except (ValueError, jwt.PyJWTError):
        raise SettingsError(f"{jwks} holds no JWKS") from None


class _File:
    """A set of keys that was read from a file, with the client's one verb."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys

    def get_signing_key_from_jwt(self, token: str) -> Any:
        import jwt  # noqa: PLC0415

        named = jwt.get_unverified_header(token).get("kid")
        for key in self._keys.keys:
            if named is None or key.key_id == named:
                return key
        raise jwt.PyJWKClientError("no key of that name")
