"""Coarse facts kept from those whose role does not cover them: prefixes, domains, card ranges.

Raw personal values are nowhere to be shown; what stays readable for evidence is still close to a
person in a small enough place. Who is a viewer sees such a node under a token made with the
deployment's key, the same everywhere, which :meth:`Masks.opened` takes back when it is asked for.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from graph.errors import NotFound
from graph.normalise import Pseudonyms
from graph.schema import NodeType, node_id, split_id
from graph.store import GraphStore

COARSE = (
    NodeType.SUBNET,
    NodeType.EMAIL_DOMAIN,
    NodeType.ISSUER,
    NodeType.ORGANISATION,
)
PROPERTIES = frozenset({"email_domain", "email_shape", "asn", "organisation"})
SIGN = "~"
_TOKEN_HEX = 16
_BUNDLE = "bundle:"
_EVERY = 10_000_000
_HEADS = tuple(f"{kind.value}:" for kind in COARSE)


class Masks:
    """The tokens of one deployment; safe to share between threads."""

    def __init__(self, store: GraphStore, pseudonyms: Pseudonyms) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._known: dict[NodeType, tuple[int, Mapping[str, str]]] = {}
        self._reading = Lock()

    def closed(self, identity: str) -> str:
        """A node's id with its key behind a token, if its kind is coarse."""
        if identity.startswith(_BUNDLE):
            return _BUNDLE + self.closed(identity.removeprefix(_BUNDLE))
        if not identity.startswith(_HEADS):
            return identity
        kind, key = split_id(identity)
        if key.startswith(SIGN):
            return identity
        return node_id(kind, SIGN + self._token(kind, key))

    def opened(self, identity: str) -> str:
        """The id behind a token; any other id as it is.

        Raises:
            NotFound: if no node has that token.
        """
        head, _, token = identity.partition(f":{SIGN}")
        if not token or head not in {kind.value for kind in COARSE}:
            return identity
        kind = NodeType(head)
        key = self._keys(kind).get(token)
        if key is None:
            raise NotFound(f"no entity {identity!r}")
        return node_id(kind, key)

    def hidden(self, value: Any) -> Any:
        """An answer's JSON with every coarse fact behind its token, at any depth."""
        if isinstance(value, dict):
            kept = {self.closed(k): self.hidden(v) for k, v in value.items() if k not in PROPERTIES}
            if "label" in kept and str(value.get("id", "")).startswith(_HEADS):
                kept["label"] = str(kept["id"]).partition(":")[2]
            return kept
        if isinstance(value, list):
            return [self.hidden(one) for one in value]
        if isinstance(value, str):
            return "|".join(self.closed(part) for part in value.split("|"))
        return value

    def _token(self, kind: NodeType, key: str) -> str:
        return self._pseudonyms.of(f"mask of {kind.value}", key)[:_TOKEN_HEX]

    def _keys(self, kind: NodeType) -> Mapping[str, str]:
        """Token -> key of every node of a kind; read again when a token may be of a new one."""
        number = self._store.generation()[0]
        with self._reading:
            held = self._known.get(kind)
            if held is None or held[0] != number:
                keys = self._store.find(kind.value, "", _EVERY)
                held = (number, {self._token(kind, key): key for key in keys})
                self._known[kind] = held
            return held[1]
