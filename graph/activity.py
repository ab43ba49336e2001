"""What each account did, as columns as of a moment: one row an account, one figure a column.

Summaries of the journal's cleaned events, computed columnar with polars and set on the account
nodes of a snapshot. Each is a named expression with the sentence an investigator reads. It knows
nothing of models; :mod:`gnn.features` takes these columns as they are.

Units are in the names; a share is 0..1; null means that there was nothing to measure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from graph.schema import NodeType
from graph.snapshot import Snapshot

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SWITCH_US = DAY_US  # requests to a model within a day of its release count as an early switch


@dataclass(frozen=True, slots=True)
class Summary:
    """One column: its name, the sentence an investigator reads, and how a group becomes a figure.

    ``none`` is the figure of an account without any event of the kind (null = unknown).
    """

    name: str
    sentence: str
    figure: pl.Expr
    none: float | None = None


def _share(condition: pl.Expr) -> pl.Expr:
    return condition.mean()


def _different(name: str) -> pl.Expr:
    """How many different values, the unknown not being one."""
    return pl.col(name).drop_nulls().n_unique()


def _spread(values: pl.Expr) -> pl.Expr:
    """Standard deviation in units of the mean."""
    return values.std() / values.mean()


_AT, _DAY = pl.col("at"), pl.col("at") // DAY_US
_HOUR = (pl.col("at") // HOUR_US) % 24
_GAP = pl.col("gap_minutes")
_SINCE_RELEASE = _AT - pl.col("released")
_SWITCHED = ((_SINCE_RELEASE >= 0) & (_SINCE_RELEASE < SWITCH_US)).fill_null(value=False)

PAYMENTS: tuple[Summary, ...] = (
    Summary("payments", "Payments tried", pl.len(), 0.0),
    Summary("payment_methods", "Payment methods used", _different("payment_method"), 0.0),
    Summary("issuers", "Issuers of its cards", _different("issuer"), 0.0),
    Summary(
        "declined_share", "Payments that were declined", _share(pl.col("outcome") == "declined")
    ),
    Summary(
        "reversed_share",
        "Payments that were refunded or disputed",
        _share(pl.col("outcome").is_in(["refunded", "disputed"])),
    ),
    Summary(
        "prepaid_share",
        "Payments by prepaid or virtual card",
        _share(pl.col("kind").is_in(["prepaid", "virtual"])),
    ),
    Summary(
        "invoiced_share",
        "Payments by invoice or bank",
        _share(pl.col("kind").is_in(["invoice", "bank"])),
    ),
    Summary(
        "foreign_card_share",
        "Payments by cards of another country",
        _share(pl.col("issuer_country") != pl.col("home")),
    ),
    Summary(
        "paid_usd",
        "Amount paid",
        pl.col("amount_usd").filter(pl.col("outcome") == "succeeded").sum(),
        0.0,
    ),
    Summary(
        "first_payment_after_hours",
        "Time from sign-up to the first payment",
        (_AT.min() - pl.col("opened").first()) / HOUR_US,
    ),
)

PLACES: tuple[Summary, ...] = (
    Summary("addresses", "Addresses used", _different("ip")),
    Summary("prefixes", "Network prefixes used", _different("subnet")),
    Summary("operators", "Network operators used", _different("asn")),
    Summary("countries", "Countries it was used from", _different("ip_country")),
    Summary(
        "addresses_per_day",
        "Addresses used per active day",
        _different("ip") / _DAY.n_unique(),
    ),
    Summary(
        "hosting_share",
        "Visits and requests from hosting networks",
        _share(pl.col("ip_class") == "hosting"),
    ),
    Summary(
        "vpn_share", "Visits and requests through VPN exits", _share(pl.col("ip_class") == "vpn")
    ),
    Summary(
        "home_share",
        "Visits and requests from home and mobile networks",
        _share(pl.col("ip_class").is_in(["home", "mobile"])),
    ),
    Summary(
        "work_share",
        "Visits and requests from campus and office networks",
        _share(pl.col("ip_class").is_in(["campus", "office"])),
    ),
    Summary(
        "abroad_share",
        "Visits and requests from another country than its own",
        _share(pl.col("ip_country") != pl.col("home")),
    ),
    Summary("agents", "User agents used", _different("user_agent")),
    Summary(
        "scripted_share",
        "Visits and requests by scripts and libraries",
        _share(~pl.col("user_agent").str.contains("/", literal=True)),
    ),
)

VISITS: tuple[Summary, ...] = (
    Summary("visits", "Visits to the site", pl.len(), 0.0),
    Summary("devices", "Devices used", _different("device"), 0.0),
)

REQUESTS: tuple[Summary, ...] = (
    Summary("requests", "Requests sent", pl.len(), 0.0),
    Summary("active_days", "Days with requests", _DAY.n_unique(), 0.0),
    Summary("requests_per_day", "Requests per active day", pl.len() / _DAY.n_unique()),
    Summary(
        "first_request_after_hours",
        "Time from sign-up to the first request",
        (_AT.min() - pl.col("opened").first()) / HOUR_US,
    ),
    Summary(
        "idle_for_days",
        "Time since the last request",
        (pl.col("as_of").first() - _AT.max()) / DAY_US,
    ),
    Summary(
        "last_day_share",
        "Requests of the last day",
        _share(pl.col("as_of") - _AT <= DAY_US),
    ),
    Summary("prompt_tokens_mean", "Mean length of prompts, tokens", pl.col("prompt_tokens").mean()),
    Summary(
        "prompt_tokens_spread",
        "Spread of prompt lengths, relative to their mean",
        _spread(pl.col("prompt_tokens")),
    ),
    Summary(
        "completion_tokens_mean",
        "Mean length of answers, tokens",
        pl.col("completion_tokens").mean(),
    ),
    Summary(
        "completion_tokens_spread",
        "Spread of answer lengths, relative to their mean",
        _spread(pl.col("completion_tokens")),
    ),
    Summary("refused_share", "Requests that were refused", _share(pl.col("outcome") == "refused")),
    Summary("limited_share", "Requests over the limit", _share(pl.col("outcome") == "limited")),
    Summary("models", "Models used", _different("model"), 0.0),
    Summary(
        "early_switch_share",
        "Requests to a model within a day of its release",
        _share(_SWITCHED),
    ),
    Summary(
        "conversations_share",
        "Conversations for each request",
        _different("conversation") / pl.len(),
    ),
    Summary("later_turn_share", "Requests past a first turn", _share(pl.col("turn") > 1)),
    Summary("hours_used", "Hours of the day with requests", _HOUR.n_unique(), 0.0),
    Summary("weekend_share", "Requests at weekends", _share(((_DAY + 3) % 7) >= 5)),
    Summary("gap_median_minutes", "Median time between requests", _GAP.median()),
    Summary(
        "gap_spread", "Spread of the time between requests, relative to its mean", _spread(_GAP)
    ),
    Summary("rapid_share", "Requests within ten seconds of the one before", _share(_GAP < 1 / 6)),
    Summary(
        "even_gap_share",
        "Times between requests within a tenth of their median",
        _share((_GAP - _GAP.median()).abs() <= 0.1 * _GAP.median()),
    ),
)

PROMPTS: tuple[Summary, ...] = (
    Summary("prompt_words_mean", "Mean length of prompts, words", pl.col("words").mean()),
    Summary(
        "prompt_words_spread",
        "Spread of prompt lengths in words, relative to their mean",
        _spread(pl.col("words")),
    ),
    Summary("languages", "Languages written in", _different("language"), 0.0),
    Summary(
        "has_system_prompt_share",
        "Requests with a system prompt",
        _share(pl.col("system_digest") != 0),
    ),
    Summary(
        "system_prompts_share",
        "Different system prompts for each request that has one",
        pl.col("system_digest").filter(pl.col("system_digest") != 0).n_unique()
        / pl.col("system_digest").filter(pl.col("system_digest") != 0).len(),
    ),
)

SUMMARIES: dict[str, tuple[Summary, ...]] = {
    "payments": PAYMENTS,
    "places": PLACES,
    "visits": VISITS,
    "requests": REQUESTS,
    "prompts": PROMPTS,
}
SENTENCES: dict[str, str] = {
    summary.name: summary.sentence for group in SUMMARIES.values() for summary in group
}


def add_activity(
    snapshot: Snapshot, tables: Mapping[str, pa.Table], as_of: int | None = None
) -> Snapshot:
    """The snapshot with a column for every summary set on its accounts.

    Args:
        snapshot: accounts with ``created_at`` and ``country``; those without events get nulls.
        tables: cleaned events by table name; one may hold later events. A table that is absent
            is unknown (nulls), one without rows means that nothing happened (zeros).
        as_of: nothing after this moment (us) is looked at; the snapshot's own when None.
    """
    moment = snapshot.as_of if as_of is None else as_of
    accounts = _accounts(snapshot)
    for name, summaries in SUMMARIES.items():
        events = _events(name, tables, accounts, moment)
        accounts = _summarised(accounts, events, summaries)
    figures = accounts.select(pl.col(*SENTENCES).fill_nan(None)).to_arrow()
    columns = {name: figures[name].combine_chunks() for name in SENTENCES}
    return snapshot.with_columns(NodeType.ACCOUNT, columns)


def _accounts(snapshot: Snapshot) -> pl.DataFrame:
    opened = snapshot.numbers(NodeType.ACCOUNT, "created_at")
    return pl.DataFrame(
        {
            "account_id": pl.from_arrow(snapshot.keys(NodeType.ACCOUNT)),
            "opened": pl.Series(opened).fill_nan(None).cast(pl.Int64),
            "home": pl.from_arrow(snapshot.texts(NodeType.ACCOUNT, "country")),
        },
        schema_overrides={"account_id": pl.String, "home": pl.String},
    )


def _summarised(
    accounts: pl.DataFrame, events: pl.DataFrame | None, summaries: Iterable[Summary]
) -> pl.DataFrame:
    summaries = tuple(summaries)
    if events is None:
        return accounts.with_columns(pl.lit(None, pl.Float64).alias(s.name) for s in summaries)
    figures = events.group_by("account_id").agg(
        s.figure.cast(pl.Float64).alias(s.name) for s in summaries
    )
    joined = accounts.join(figures, on="account_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col(s.name).fill_null(s.none) for s in summaries if s.none is not None
    )


def _events(
    name: str, tables: Mapping[str, pa.Table], accounts: pl.DataFrame, as_of: int
) -> pl.DataFrame | None:
    """The events that a group of summaries is made from, or None if the source has none."""
    if name == "places":
        return _places(tables, accounts, as_of)
    table = {"visits": "sessions", "prompts": "requests"}.get(name, name)
    if table not in tables:
        return None
    known = (accounts.select("account_id", "opened", "home"),)
    events = _until(tables[table], _COLUMNS[name], as_of).join(*known, on="account_id")
    if name == "requests":
        return _timed(events, tables, as_of)
    return events


_COLUMNS: dict[str, dict[str, pl.DataType]] = {
    "payments": {
        "payment_method": pl.String(),
        "kind": pl.String(),
        "issuer": pl.String(),
        "issuer_country": pl.String(),
        "amount_usd": pl.Float64(),
        "outcome": pl.String(),
    },
    "visits": {"device": pl.String()},
    "places": {
        "ip": pl.String(),
        "subnet": pl.String(),
        "asn": pl.String(),
        "ip_country": pl.String(),
        "ip_class": pl.String(),
        "user_agent": pl.String(),
    },
    "requests": {
        "model": pl.String(),
        "prompt_tokens": pl.Int64(),
        "completion_tokens": pl.Int64(),
        "outcome": pl.String(),
        "conversation": pl.String(),
        "turn": pl.Int64(),
    },
    "prompts": {"words": pl.Int64(), "language": pl.String(), "system_digest": pl.Int64()},
}


def _until(table: pa.Table, columns: Mapping[str, pl.DataType], as_of: int) -> pl.DataFrame:
    """Account, time and ``columns`` of the events up to ``as_of``; a missing column is null."""
    held = set(table.column_names)
    wanted = ["account_id", "at", *(name for name in columns if name in held)]
    events = pl.DataFrame(pl.from_arrow(table.select(wanted))).filter(pl.col("at") <= as_of)
    lacking = [pl.lit(None, kind).alias(n) for n, kind in columns.items() if n not in held]
    return events.with_columns(
        *lacking, *(pl.col(n).cast(kind) for n, kind in columns.items() if n in held)
    ).select("account_id", "at", *columns)


def _places(
    tables: Mapping[str, pa.Table], accounts: pl.DataFrame, as_of: int
) -> pl.DataFrame | None:
    """Sign-ups, visits and requests that say where they came from."""
    parts = [
        _until(tables[name], _COLUMNS["places"], as_of)
        for name in ("signups", "sessions", "requests")
        if name in tables
    ]
    if not parts:
        return None
    placed = pl.concat(parts).filter(pl.col("ip").is_not_null())
    return placed.join(accounts.select("account_id", "home"), on="account_id")


def _timed(events: pl.DataFrame, tables: Mapping[str, pa.Table], as_of: int) -> pl.DataFrame:
    """Requests with the gap to the one before, and when their model came out."""
    gap = (pl.col("at").diff().over("account_id") / 60_000_000).alias("gap_minutes")
    timed = events.sort("account_id", "at").with_columns(gap, as_of=pl.lit(as_of))
    if "model_releases" not in tables:
        return timed.with_columns(released=pl.lit(None, pl.Int64))
    releases = pl.DataFrame(pl.from_arrow(tables["model_releases"].select(["model", "at"])))
    return timed.join(releases.rename({"at": "released"}), on="model", how="left")
