"""The words for how rings stand to each other and for what their accounts carry: one home for them.

Page, pack, terminal and API say the same of a ring that was found once. It knows nothing of how
either is found: :mod:`graph.rings.kin` finds them.
"""

from enum import StrEnum


class Kinship(StrEnum):
    """How another ring stands to this one; :attr:`says` completes "the other ring is"."""

    SAME_OPERATOR = "same_operator"
    CUSTOMER = "customer"
    PROVIDER = "provider"
    SAME_TOOLKIT = "same_toolkit"
    SHARED_THINGS = "shared_things"

    @property
    def says(self) -> str:
        """What the other ring is, in words."""
        return _STANDS[self]


class Role(StrEnum):
    """What an account of a ring carries: the ring's own work, others' traffic, or both."""

    OPERATOR = "operator"
    RESOLD = "resold"
    BOTH = "both"

    @property
    def says(self) -> str:
        """What such an account carries, in words."""
        return _CARRIES[self]


class Part(StrEnum):
    """Which of a ring's accounts a part of it is; :attr:`says` completes "accounts"."""

    OPERATOR = "operator"
    RESOLD = "resold"
    CUSTOMER = "customer"

    @property
    def says(self) -> str:
        """What those accounts are there for, in words."""
        return _SERVES[self]


_STANDS = {
    Kinship.SAME_OPERATOR: "another pool of the same operator",
    Kinship.CUSTOMER: "a customer, whose traffic this ring carries",
    Kinship.PROVIDER: "a provider, who carries this ring's traffic",
    Kinship.SAME_TOOLKIT: "one that works the same toolkit, which many may buy",
    Kinship.SHARED_THINGS: "one that holds some of the same things",
}
_CARRIES = {
    Role.OPERATOR: "the ring's own work",
    Role.RESOLD: "strangers' traffic",
    Role.BOTH: "the ring's own work and strangers' traffic",
}
_SERVES = {
    Part.OPERATOR: "that do the operator's own work",
    Part.RESOLD: "that are sold to strangers",
    Part.CUSTOMER: "that carry the traffic of a customer",
}
