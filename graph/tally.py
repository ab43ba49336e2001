"""What a batch of cleaned events says about the graph, added up: the columnar twin of ``facts_of``.

:func:`graph.facts.facts_of` says it for one event; here the same links are data, so that a batch is
a few group-bys and an aggregate of the past is a ``GROUP BY``. A test holds the two to each other
event by event. It knows nothing of storage; ``graph.journal.journal`` keeps the sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graph.schema import EDGE_OF, NodeType

# Mail domains that anybody can use tie nobody to anybody.
_TYING_EMAIL_CLASSES = ("disposable", "private")


@dataclass(frozen=True, slots=True)
class Link:
    """A row of ``table`` with both columns filled gives the edge ``verb`` between their nodes."""

    table: str
    verb: str
    source: str
    target: str

    @property
    def source_kind(self) -> NodeType:
        """What the source column names."""
        return EDGE_OF[self.verb].source

    @property
    def target_kind(self) -> NodeType:
        """What the target column names."""
        return EDGE_OF[self.verb].target


def _of_account(table: str, **target_of: str) -> tuple[Link, ...]:
    return tuple(Link(table, verb, "account_id", column) for verb, column in target_of.items())


def _networked(table: str) -> tuple[Link, ...]:
    places = _of_account(table, SEEN_AT="ip", SEEN_IN="subnet")
    return (*places, Link(table, "ROUTED_BY", "ip", "asn"))


LINKS: tuple[Link, ...] = (
    *_of_account("signups", WRITES_FROM="mailbox", MAILED_AT="email_domain", CALLED_ON="phone"),
    *_of_account("signups", USED="device", BELONGS_TO="organisation"),
    *_of_account("signups", REFERRED_BY="referrer_account_id"),
    *_networked("signups"),
    *_of_account("payments", PAID_WITH="payment_method"),
    Link("payments", "ISSUED_BY", "payment_method", "issuer"),
    *_of_account("sessions", USED="device"),
    *_networked("sessions"),
    *_networked("requests"),
)
LINKS_OF: dict[str, tuple[Link, ...]] = {
    table: tuple(link for link in LINKS if link.table == table)
    for table in ("signups", "payments", "sessions", "requests")
}

# The columns that fill a node's properties, in the order of the vocabulary. Accounts are not here:
# theirs come from the one sign-up and the latest enforcement.
PROPERTY_COLUMNS: dict[NodeType, tuple[tuple[str, str], ...]] = {
    NodeType.IP: (("ip_class", "ip_class"), ("country", "ip_country")),
    NodeType.SUBNET: (("ip_class", "ip_class"),),
    NodeType.ASN: (("name", "asn_name"), ("ip_class", "ip_class")),
    NodeType.PAYMENT_METHOD: (("kind", "kind"),),
    NodeType.ISSUER: (("country", "issuer_country"),),
    NodeType.EMAIL_DOMAIN: (("email_class", "email_class"),),
}
ACCOUNT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("created_at", "at"),
    *((name, name) for name in ("country", "pathway", "plan")),
    *((name, name) for name in ("email_class", "email_domain", "email_shape")),
    *((name, name) for name in ("ip_class", "ip_country", "asn", "user_agent")),
)


def edges_of(link: Link, rows: pa.Table) -> pa.Table:
    """``source``, ``target`` (keys), ``first``, ``last`` (us) and ``count`` of each edge."""
    tied = rows.filter(_ties(link, rows)).select([link.source, link.target, "at"])
    sums = tied.rename_columns(["source", "target", "at"]).group_by(["source", "target"])
    found = sums.aggregate([("at", "min"), ("at", "max"), ("at", "count")])
    return found.rename_columns(["source", "target", "first", "last", "count"])


def _ties(link: Link, rows: pa.Table) -> pa.ChunkedArray:
    filled = pc.and_(pc.is_valid(rows[link.source]), pc.is_valid(rows[link.target]))
    if link.verb != "MAILED_AT":
        return filled
    classes = pa.array(_TYING_EMAIL_CLASSES)
    return pc.and_(filled, pc.is_in(rows["email_class"], value_set=classes))


def nodes_of(table: str, rows: pa.Table) -> Iterator[tuple[NodeType, pa.Table]]:
    """``key``, ``first`` (us) and properties ``a``, ``b`` of the nodes that ``rows`` name, by kind.

    A kind may come more than once. Where rows disagree about a property, the greatest text holds.
    """
    if table not in LINKS_OF:
        return
    yield NodeType.ACCOUNT, _named(rows, "account_id", ())
    for link in LINKS_OF[table]:
        for kind, column in ((link.source_kind, link.source), (link.target_kind, link.target)):
            if column == "account_id" or (column == "ip" and link.verb == "ROUTED_BY"):
                continue  # named already
            if link.verb == "ISSUED_BY" and column == link.source:
                continue
            tied = rows.filter(_ties(link, rows))
            if tied.num_rows:
                yield kind, _named(tied, column, PROPERTY_COLUMNS.get(kind, ()))


def _named(rows: pa.Table, column: str, properties: tuple[tuple[str, str], ...]) -> pa.Table:
    picked = {"key": rows[column], "at": rows["at"]}
    for name, (_, source) in zip("ab", properties, strict=False):
        picked[name] = rows[source]
    names = [name for name in picked if name not in ("key", "at")]
    wanted = [("at", "min"), *((name, "max") for name in names)]
    found = pa.table(picked).group_by("key").aggregate(wanted)
    found = found.rename_columns(["key", "first", *names])
    for name in "ab":
        if name not in names:
            found = found.append_column(name, pa.nulls(found.num_rows, pa.string()))
    return found
