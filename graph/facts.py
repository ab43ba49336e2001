"""Cleaned events, and what each of them says about the graph.

An event here is already free of personal values: addresses, mailboxes, phones, cards and devices
are keyed pseudonyms, and what must stay readable is coarse. ``graph.door`` makes these from rows of
the contract; :func:`facts_of` is the one place that turns an event into nodes and edges, for the
batch jobs, the back-test and the sign-up endpoint alike. It knows nothing of stores.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch

from graph.schema import NodeType, node_id

Value = str | int | float

# Later than any moment: the first event of what no event has named.
NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Node:
    """A node as of ``version``: its kind, key, first event and properties that are known.

    ``first_seen`` :data:`NEVER` takes it out of the graph: a conflict has shown that nothing ever
    named it.
    """

    kind: NodeType
    key: str
    first_seen: int
    properties: Mapping[str, Value] = field(default_factory=dict)
    version: int = 0

    @property
    def id(self) -> str:
        """The id over all kinds, such as ``"ip:9f2c..."``."""
        return node_id(self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge as of ``version``: ids of both ends, first and last event (us), number of events.

    ``count`` 0 takes the edge out of the graph: a conflict has shown that it never was.
    """

    source: str
    verb: str
    target: str
    first_seen: int
    last_seen: int
    count: int = 1
    version: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What one event, or one batch of them, says."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something came from: pseudonymous address, and what of it may stay readable.

    ``ip_class`` is home, mobile, hosting, campus, office, vpn or unknown.
    """

    ip: str
    subnet: str
    asn: str | None = None
    asn_name: str | None = None
    country: str | None = None
    ip_class: str = "unknown"


@dataclass(frozen=True, slots=True)
class Signup:
    """An account opened."""

    account_id: str
    at: int
    place: Place
    pathway: str
    mailbox: str | None = None
    email_domain: str | None = None
    email_class: str = "none"
    email_shape: str | None = None
    phone: str | None = None
    phone_country: str | None = None
    device: str | None = None
    user_agent: str | None = None
    country: str | None = None
    plan: str | None = None
    organisation: str | None = None
    referrer_account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment tried; ``amount_usd`` in dollars."""

    event_id: str
    account_id: str
    at: int
    payment_method: str
    kind: str
    amount_usd: float
    outcome: str
    issuer: str | None = None
    issuer_country: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A visit to the site or the console of the seller."""

    event_id: str
    account_id: str
    at: int
    place: Place
    device: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An exchange with the model; ``mark`` is what is left of its prompt (``graph.prompts``)."""

    request_id: str
    account_id: str
    at: int
    model: str
    prompt_tokens: int
    completion_tokens: int
    place: Place | None = None
    user_agent: str | None = None
    conversation: str | None = None
    turn: int | None = None
    outcome: str | None = None
    mark: bytes = b""
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What the seller did to an account: ban, limit, verify or reinstate."""

    event_id: str
    account_id: str
    at: int
    action: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody found an account to be, from ``at`` on."""

    account_id: str
    at: int
    verdict: str
    source: str
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRelease:
    """A model became available."""

    model: str
    at: int


Event = Signup | Payment | Session | Request | Enforcement | Label | ModelRelease

# Mail providers anybody can use say nothing about who belongs together.
SHARED_EMAIL_CLASSES = frozenset({"public", "none"})


@singledispatch
def facts_of(event: Event) -> Facts:
    """The nodes and edges that ``event`` gives, each with count 1 at the event's time.

    Enforcements, labels and model releases give none: they are read from the journal, and an
    account's ``status`` is a property of its node.
    """
    return Facts()


@facts_of.register
def _(event: Signup) -> Facts:
    account = Node(NodeType.ACCOUNT, event.account_id, event.at, _account_properties(event))
    return _linked(account, event.at, tuple(_signup_ends(event)), event.place)


@facts_of.register
def _(event: Payment) -> Facts:
    method = Node(NodeType.PAYMENT_METHOD, event.payment_method, event.at, _known(kind=event.kind))
    facts = _linked(_account(event), event.at, (("PAID_WITH", method),), None)
    if event.issuer is None:
        return facts
    issuer = Node(NodeType.ISSUER, event.issuer, event.at, _known(country=event.issuer_country))
    issued = Edge(method.id, "ISSUED_BY", issuer.id, event.at, event.at)
    return Facts((*facts.nodes, issuer), (*facts.edges, issued))


@facts_of.register
def _(event: Session) -> Facts:
    ends = (("USED", Node(NodeType.DEVICE, event.device, event.at)),) if event.device else ()
    return _linked(_account(event), event.at, ends, event.place)


@facts_of.register
def _(event: Request) -> Facts:
    ends: tuple[tuple[str, Node], ...] = ()
    if event.cluster:
        ends = (("ASKED", Node(NodeType.PROMPT_CLUSTER, event.cluster, event.at)),)
    return _linked(_account(event), event.at, ends, event.place)


def _account(event: Payment | Session | Request) -> Node:
    return Node(NodeType.ACCOUNT, event.account_id, event.at)


def _signup_ends(event: Signup) -> Iterator[tuple[str, Node]]:
    """Each entity that a sign-up names, with the verb that ties the account to it."""
    at = event.at
    if event.mailbox:
        yield "WRITES_FROM", Node(NodeType.MAILBOX, event.mailbox, at)
    if event.email_domain and event.email_class not in SHARED_EMAIL_CLASSES:
        domain = _known(email_class=event.email_class)
        yield "MAILED_AT", Node(NodeType.EMAIL_DOMAIN, event.email_domain, at, domain)
    if event.phone:
        yield "CALLED_ON", Node(NodeType.PHONE, event.phone, at)
    if event.device:
        yield "USED", Node(NodeType.DEVICE, event.device, at)
    if event.organisation:
        yield "BELONGS_TO", Node(NodeType.ORGANISATION, event.organisation, at)
    if event.referrer_account_id:
        yield "REFERRED_BY", Node(NodeType.ACCOUNT, event.referrer_account_id, at)


def _linked(
    account: Node, at: int, ends: tuple[tuple[str, Node], ...], place: Place | None
) -> Facts:
    """An account, what it is tied to, and the network it came from, as facts at one moment."""
    nodes = [account, *(node for _, node in ends)]
    edges = [Edge(account.id, verb, node.id, at, at) for verb, node in ends]
    if place is not None:
        ip, subnet, operator = _network(place, at)
        nodes += [ip, subnet]
        edges.append(Edge(account.id, "SEEN_AT", ip.id, at, at))
        edges.append(Edge(account.id, "SEEN_IN", subnet.id, at, at))
        if operator is not None:
            nodes.append(operator)
            edges.append(Edge(ip.id, "ROUTED_BY", operator.id, at, at))
    return Facts(tuple(nodes), tuple(edges))


def _network(place: Place, at: int) -> tuple[Node, Node, Node | None]:
    kind = _known(ip_class=place.ip_class)
    ip = Node(NodeType.IP, place.ip, at, {**kind, **_known(country=place.country)})
    subnet = Node(NodeType.SUBNET, place.subnet, at, kind)
    if place.asn is None:
        return ip, subnet, None
    return ip, subnet, Node(NodeType.ASN, place.asn, at, {**kind, **_known(name=place.asn_name)})


def _account_properties(event: Signup) -> dict[str, Value]:
    return _known(
        created_at=event.at,
        country=event.country,
        pathway=event.pathway,
        plan=event.plan,
        email_class=event.email_class,
        email_domain=event.email_domain,
        email_shape=event.email_shape,
        ip_class=event.place.ip_class,
        ip_country=event.place.country,
        asn=event.place.asn,
        user_agent=event.user_agent,
    )


def _known(**properties: Value | None) -> dict[str, Value]:
    return {name: value for name, value in properties.items() if value is not None}
