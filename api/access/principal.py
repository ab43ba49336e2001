"""A caller that is known: the one value that keys, sessions and tokens become.

Apart from ``api.access.auth``, which knows HTTP, so that the service does not need it.
"""

from dataclasses import dataclass

from graph.ledger.port import Role, Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller that is known.

    ``id`` is what the ledger names (``key:3f2a...`` or ``person:...``), ``name`` what people read.
    ``reasons`` False: answers name no evidence. ``rate_per_s`` None is the service's default.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    role: Role = Role.VIEWER
    reasons: bool = True
    rate_per_s: float | None = None

    def allowed(self, scope: Scope, role: Role) -> bool:
        """Whether it holds ``scope`` and at least ``role``."""
        return scope in self.scopes and self.role.covers(role)
