"""The vocabulary of the graph: what a node can be, which edges exist and why they matter.

Everything that names a node or an edge (store tables, Cypher, feature columns, console legends)
derives the name from here. It knows nothing of events (:mod:`graph.facts`) or storage.
"""

from dataclasses import dataclass
from enum import StrEnum

SCHEMA_VERSION = 1


class NodeType(StrEnum):
    """What a node can be; the value is its name in files, tensors, Cypher and on screen."""

    ACCOUNT = "account"
    PAYMENT_METHOD = "payment_method"
    ISSUER = "issuer"
    IP = "ip"
    SUBNET = "subnet"
    ASN = "asn"
    DEVICE = "device"
    MAILBOX = "mailbox"
    EMAIL_DOMAIN = "email_domain"
    PHONE = "phone"
    ORGANISATION = "organisation"
    PROMPT_CLUSTER = "prompt_cluster"
    RING = "ring"

    @property
    def label(self) -> str:
        """The Neo4j label, in CamelCase: ``payment_method`` becomes ``PaymentMethod``."""
        return "".join(word.capitalize() for word in self.value.split("_"))


@dataclass(frozen=True, slots=True)
class EdgeSpec:
    """One kind of edge: ``source`` VERB ``target``, and why an investigator should care."""

    verb: str
    source: NodeType
    target: NodeType
    evidence: str

    @property
    def triple(self) -> tuple[str, str, str]:
        """The identity of the kind everywhere: ``("account", "PAID_WITH", "payment_method")``."""
        return (self.source.value, self.verb, self.target.value)


def _edge(verb: str, source: NodeType, target: NodeType, evidence: str) -> EdgeSpec:
    return EdgeSpec(verb, source, target, evidence)


_A = NodeType.ACCOUNT
EDGES: tuple[EdgeSpec, ...] = (
    _edge("PAID_WITH", _A, NodeType.PAYMENT_METHOD, "the same payment method paid for both"),
    _edge("SEEN_AT", _A, NodeType.IP, "both were used from the same address"),
    _edge("SEEN_IN", _A, NodeType.SUBNET, "both were used from the same network prefix"),
    _edge("USED", _A, NodeType.DEVICE, "both were used on the same device"),
    _edge("WRITES_FROM", _A, NodeType.MAILBOX, "both e-mail addresses reach the same mailbox"),
    _edge("MAILED_AT", _A, NodeType.EMAIL_DOMAIN, "both use the same private e-mail domain"),
    _edge("CALLED_ON", _A, NodeType.PHONE, "both gave the same phone number"),
    _edge("BELONGS_TO", _A, NodeType.ORGANISATION, "both name the same organisation"),
    _edge("REFERRED_BY", _A, NodeType.ACCOUNT, "one referred the other"),
    _edge("ASKED", _A, NodeType.PROMPT_CLUSTER, "both send prompts made from one template"),
    _edge("MEMBER_OF", _A, NodeType.RING, "both belong to the same ring"),
    _edge("ISSUED_BY", NodeType.PAYMENT_METHOD, NodeType.ISSUER, "cards of one issuer range"),
    _edge("ROUTED_BY", NodeType.IP, NodeType.ASN, "addresses of one network operator"),
)
EDGE_OF: dict[str, EdgeSpec] = {edge.verb: edge for edge in EDGES}

# Properties a node may carry beside its key, with their units; adapters store them as they are.
NODE_PROPERTIES: dict[NodeType, dict[str, str]] = {
    NodeType.ACCOUNT: {
        "created_at": "microseconds since the epoch, UTC",
        "country": "ISO 3166-1 alpha-2, as the applicant said",
        "pathway": "self_serve, education, research, startup, enterprise or reseller",
        "plan": "the plan's name at sign-up",
        "email_class": "public, disposable, private or none",
        "email_domain": "domain of the e-mail address, lower case",
        "email_shape": "pattern of the local part: a = letters, 9 = digits, punctuation kept",
        "ip_class": "class of the sign-up network: home, mobile, hosting, campus, office, unknown",
        "ip_country": "country of the sign-up address",
        "asn": "autonomous system of the sign-up address",
        "user_agent": "family of the user agent at sign-up",
        "status": "active, banned or limited, by the latest enforcement",
    },
    NodeType.PAYMENT_METHOD: {"kind": "card, prepaid, virtual, bank, wallet or invoice"},
    NodeType.ISSUER: {"country": "ISO 3166-1 alpha-2"},
    NodeType.IP: {"ip_class": "class of the network", "country": "ISO 3166-1 alpha-2"},
    NodeType.SUBNET: {"ip_class": "class of the network"},
    NodeType.ASN: {"name": "the operator's name", "ip_class": "class of the network"},
    NodeType.EMAIL_DOMAIN: {"email_class": "disposable or private"},
}
# The other kinds have none.
NODE_PROPERTIES |= {kind: {} for kind in NodeType if kind not in NODE_PROPERTIES}

# Every property is text but these; a store makes typed columns of them.
PROPERTY_TYPE: dict[str, type[int] | type[float]] = {"created_at": int}


def node_id(kind: NodeType | str, key: str) -> str:
    """The id of a node, unique over all kinds: ``"ip:9f2c..."``."""
    known = kind if isinstance(kind, NodeType) else NodeType(kind)
    return f"{known._value_}:{key}"


def split_id(identity: str) -> tuple[NodeType, str]:
    """The kind and key of a node id.

    Raises:
        ValueError: if the part before the first colon is no node type.
    """
    kind, _, key = identity.partition(":")
    return NodeType(kind), key
