"""The event contract as data: every table, its columns, their types, codes and keys.

What a source must look like is said here once; reading and checking it is ``etl.reading.sources``,
mapping other names onto it ``etl.mapping``. It knows nothing of files, pseudonyms or the graph.
"""

from dataclasses import dataclass
from enum import StrEnum

from graph.errors import UnknownName


class ColumnType(StrEnum):
    """What a column holds once it is checked."""

    TEXT = "text"
    TIME = "time"
    INTEGER = "integer"
    MONEY = "money"
    IP = "ip"
    EMAIL = "email"
    PHONE = "phone"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, whether a row may lack it, and the codes it may hold (empty = any)."""

    name: str
    type: ColumnType = ColumnType.TEXT
    required: bool = True
    codes: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of event: columns, the columns that make its key, and the column of its time."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str

    def column(self, name: str) -> Column:
        """The column called ``name``.

        Raises:
            UnknownName: if the table has none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName.among(f"column of {self.name}", name, self.column_names)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The names every row must fill."""
        return tuple(column.name for column in self.columns if column.required)


PATHWAYS = ("self_serve", "education", "research", "startup", "enterprise", "reseller")
PAYMENT_KINDS = ("card", "prepaid", "virtual", "bank", "wallet", "invoice")
PAYMENT_OUTCOMES = ("succeeded", "declined", "refunded", "disputed")
REQUEST_OUTCOMES = ("ok", "refused", "limited")
ACTIONS = ("ban", "limit", "verify", "reinstate")
VERDICTS = ("fraud", "legitimate")
LABEL_SOURCES = ("investigator", "chargeback", "partner", "appeal", "audit")


def _need(name: str, kind: ColumnType = ColumnType.TEXT, *codes: str) -> Column:
    personal = kind in (ColumnType.IP, ColumnType.EMAIL, ColumnType.PHONE)
    return Column(name, kind, required=True, codes=codes, personal=personal)


def _may(name: str, kind: ColumnType = ColumnType.TEXT, *codes: str) -> Column:
    personal = kind in (ColumnType.IP, ColumnType.EMAIL, ColumnType.PHONE)
    return Column(name, kind, required=False, codes=codes, personal=personal)


_T, _N, _IP = ColumnType.TIME, ColumnType.INTEGER, ColumnType.IP

SIGNUPS = Table(
    "signups",
    (
        _need("account_id"),
        _need("created_at", _T),
        _may("email", ColumnType.EMAIL),
        _may("phone", ColumnType.PHONE),
        _need("ip", _IP),
        _may("device_id"),
        _may("user_agent"),
        _may("country", ColumnType.COUNTRY),
        _need("pathway", ColumnType.TEXT, *PATHWAYS),
        _may("plan"),
        _may("organisation"),
        _may("referrer_account_id"),
    ),
    key=("account_id",),
    time="created_at",
)
PAYMENTS = Table(
    "payments",
    (
        _need("event_id"),
        _need("account_id"),
        _need("occurred_at", _T),
        _need("payment_method_id"),
        _need("kind", ColumnType.TEXT, *PAYMENT_KINDS),
        _may("issuer_id"),
        _may("issuer_country", ColumnType.COUNTRY),
        _need("amount_usd", ColumnType.MONEY),
        _need("outcome", ColumnType.TEXT, *PAYMENT_OUTCOMES),
    ),
    key=("event_id",),
    time="occurred_at",
)
SESSIONS = Table(
    "sessions",
    (
        _need("event_id"),
        _need("account_id"),
        _need("occurred_at", _T),
        _need("ip", _IP),
        _may("device_id"),
        _may("user_agent"),
    ),
    key=("event_id",),
    time="occurred_at",
)
REQUESTS = Table(
    "requests",
    (
        _need("request_id"),
        _need("account_id"),
        _need("occurred_at", _T),
        _may("ip", _IP),
        _may("user_agent"),
        _need("model"),
        Column("prompt", personal=True),
        Column("system_prompt", required=False, personal=True),
        _may("conversation_id"),
        _may("turn", _N),
        _need("prompt_tokens", _N),
        _need("completion_tokens", _N),
        _may("outcome", ColumnType.TEXT, *REQUEST_OUTCOMES),
    ),
    key=("request_id",),
    time="occurred_at",
)
ENFORCEMENTS = Table(
    "enforcements",
    (
        _need("event_id"),
        _need("account_id"),
        _need("occurred_at", _T),
        _need("action", ColumnType.TEXT, *ACTIONS),
        _may("reason"),
    ),
    key=("event_id",),
    time="occurred_at",
)
LABELS = Table(
    "labels",
    (
        _need("account_id"),
        _need("decided_at", _T),
        _need("verdict", ColumnType.TEXT, *VERDICTS),
        _may("campaign_id"),
        _need("source", ColumnType.TEXT, *LABEL_SOURCES),
    ),
    key=("account_id", "decided_at", "source"),
    time="decided_at",
)
MODEL_RELEASES = Table(
    "model_releases", (_need("model"), _need("released_at", _T)), key=("model",), time="released_at"
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (SIGNUPS, PAYMENTS, SESSIONS, REQUESTS, ENFORCEMENTS, LABELS, MODEL_RELEASES)
}


def table_named(name: str) -> Table:
    """The table called ``name``.

    Raises:
        UnknownName: if the contract has no such table.
    """
    try:
        return TABLES[name]
    except KeyError:
        raise UnknownName.among("table", name, TABLES) from None
