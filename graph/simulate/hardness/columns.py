"""The broad table: some hundred columns of every account at a few early moments of its life.

A moment is the sign-up or an account's 1st, 3rd, 10th, 30th, 100th or 300th request; a column uses
what had happened by then and nothing later. Own columns describe the account, the last group what
it shares with others. Read :mod:`graph.simulate.hardness.rules` for what is tried on them.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US, UTC_OFFSET_HOURS
from graph.simulate.hardness.links import LINKS, touches
from graph.simulate.hardness.observed import CLASSES, AddressTable, Observed, address, code, observe
from graph.simulate.identities import BROWSERS, DISPOSABLE
from graph.simulate.world import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CHECKPOINTS: Final = (0, 1, 3, 10, 30, 100, 300)
PUBLIC_DOMAIN_USERS: Final = 150


@dataclass(frozen=True, slots=True)
class Rows:
    """The table and what it is judged by; arrays over rows unless said otherwise.

    ``values`` [rows, columns] (float32); ``account`` numbers the cast; ``at`` the moment (us);
    ``left``: exchanges of a campaign's account after the moment, inside the judged window;
    ``campaign``: -1 for honest accounts. ``total``: all judged exchanges of campaigns.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    account: Ints
    at: Ints
    requests_seen: Ints
    left: Ints
    campaign: Ints
    kind: NDArray[np.str_]
    total: int

    @property
    def honest(self) -> NDArray[np.bool_]:
        """Which rows are of honest accounts."""
        return self.campaign < 0


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Requests by account and time: ``first`` [accounts + 1] bounds, columns as in Observed."""

    columns: dict[str, Ints]
    first: Ints

    def upto(self, values: NDArray[np.generic], last: Ints, begin: Ints) -> Floats:
        """Sum of ``values`` over each row's requests ``begin`` .. ``last`` (exclusive)."""
        running = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        return np.asarray(running[last] - running[begin])


def rows_of(world: World, since: int | None = None, seen: Observed | None = None) -> Rows:
    """The table of one world.

    Args:
        world: the world; its truth is opened here.
        since: judged are the exchanges at or after this moment (us); the suggested end of training
            when None.
        seen: the world's events, if they have been read already.
    """
    seen = seen or observe(world)
    cut = world.train_until if since is None else since
    requests = _sorted(seen.requests, seen.accounts)
    account, last = _moments(requests, seen.accounts)
    created = np.array(seen.signups["created_us"], np.int64)
    begin = requests.first[account]
    at = np.where(last > begin, requests.columns["at"][np.maximum(last - 1, 0)], created[account])
    moment = _Moment(account, last, begin, at)
    table = AddressTable.load()
    columns = _signup_columns(seen, table, moment, world.town.start)
    columns |= _payment_columns(seen, moment)
    columns |= _request_columns(seen, requests, table, moment)
    columns |= _shared_columns(seen, moment)
    names = tuple(columns)
    values = np.stack([columns[name].astype(np.float32) for name in names], axis=1)
    campaign, left, total = _judged(world, requests, moment, cut)
    kind = np.array([a.kind for a in world.cast])[account]
    return Rows(names, values, account, at, last - begin, left, campaign, kind, total)


@dataclass(frozen=True, slots=True)
class _Moment:
    """One row: account, bounds of its requests so far in the sorted table, and the time."""

    account: Ints
    last: Ints
    begin: Ints
    at: Ints

    @property
    def count(self) -> Ints:
        return self.last - self.begin


def _sorted(columns: dict[str, Ints], accounts: int) -> _Sorted:
    order = np.lexsort((columns["at"], columns["account"]))
    moved = {name: values[order] for name, values in columns.items()}
    return _Sorted(moved, np.searchsorted(moved["account"], np.arange(accounts + 1)))


def _moments(requests: _Sorted, accounts: int) -> tuple[Ints, Ints]:
    sizes = np.diff(requests.first)
    found = [(np.flatnonzero(sizes >= n), n) for n in CHECKPOINTS]
    account = np.concatenate([who for who, _ in found])
    last = np.concatenate([requests.first[who] + n for who, n in found])
    order = np.lexsort((last, account))
    return account[order], last[order]


def _judged(world: World, requests: _Sorted, moment: _Moment, cut: int) -> tuple[Ints, Ints, int]:
    names = sorted({a.campaign for a in world.cast if a.campaign})
    campaign = np.array([names.index(a.campaign) if a.campaign else -1 for a in world.cast])
    since = np.array([max(cut, a.active_from or cut) for a in world.cast], np.int64)
    owner = requests.columns["account"]
    counted = (campaign[owner] >= 0) & (requests.columns["at"] >= since[owner])
    end = requests.first[moment.account + 1]
    left = requests.upto(counted, end, moment.last).astype(np.int64)
    return campaign[moment.account], left, int(counted.sum())


def _signup_columns(
    seen: Observed, table: AddressTable, moment: _Moment, start: int
) -> dict[str, Floats]:
    signups = seen.signups
    created = np.array(signups["created_us"], np.int64)
    emails = [e or "" for e in signups["email"]]
    local = [e.split("@")[0] for e in emails]
    domain = [e.split("@")[-1] for e in emails]
    users = {d: domain.count(d) for d in set(domain)} if len(set(domain)) < 200 else _tally(domain)
    ip = np.array([address(text) for text in signups["ip"]], np.int64)
    place = table.find(ip)
    country = np.array([code(c) for c in signups["country"]], np.int64)
    offset = np.array([UTC_OFFSET_HOURS.get(c or "", 0) for c in signups["country"]])
    many = _tally([c or "" for c in signups["country"]])
    own = {
        "age_days": (moment.at - created[moment.account]) / DAY_US,
        "created_day": (created[moment.account] - start) / DAY_US,
    }
    fixed = {
        "signup_hour": (created // HOUR_US + offset) % 24, "signup_weekday": created // DAY_US % 7,
        "mail_missing": [e == "" for e in emails], "mail_length": [len(t) for t in local],
        "mail_digits": [sum(c.isdigit() for c in t) for t in local],
        "mail_marks": [sum(not c.isalnum() for c in t) for t in local],
        "mail_public": [users[d] > PUBLIC_DOMAIN_USERS for d in domain],
        "mail_domain_users": [users[d] for d in domain],
        "mail_disposable": [d in DISPOSABLE for d in domain],
        "phone_missing": [p is None for p in signups["phone"]],
        "device_missing": [d is None for d in signups["device_id"]],
        "agent_missing": [a is None for a in signups["user_agent"]],
        "agent_program": [a is not None and a not in BROWSERS for a in signups["user_agent"]],
        "agent_users": _popularity(signups["user_agent"]),
        "organisation": [o is not None for o in signups["organisation"]],
        "referred": [r is not None for r in signups["referrer_account_id"]],
        "country_users": [many[c or ""] for c in signups["country"]],
        "ip_abroad": table.country[place] != country, "ip_unknown": place < 0,
    }  # fmt: skip
    fixed |= {f"ip_{name}": table.kind[place] == i for i, name in enumerate(CLASSES)}
    for column, values in (("pathway", signups["pathway"]), ("plan", signups["plan"])):
        known = sorted(set(filter(None, values)))
        fixed |= {f"{column}_{v}": [x == v for x in values] for v in known}
    return own | {n: np.asarray(v, np.float64)[moment.account] for n, v in fixed.items()}


def _tally(values: list[str]) -> dict[str, int]:
    names, counts = np.unique(np.array(values), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _popularity(values: list[str | None]) -> list[int]:
    counts = _tally([value or "" for value in values])
    return [counts[value or ""] for value in values]


def _payment_columns(seen: Observed, moment: _Moment) -> dict[str, Floats]:
    """Sums over an account's payments up to the moment."""
    pay = seen.payments
    order = np.lexsort((pay["at"], pay["account"]))
    pay = {name: values[order] for name, values in pay.items()}
    key = pay["account"] * 2**42 + (pay["at"] // 1_000_000)
    last = np.searchsorted(key, moment.account * 2**42 + moment.at // 1_000_000, side="right")
    begin = np.searchsorted(pay["account"], moment.account)
    country = np.array([code(c) for c in seen.signups["country"]], np.int64)[pay["account"]]
    created = np.array(seen.signups["created_us"], np.int64)
    sums = _Sorted({}, np.zeros(0, np.int64))
    flags: dict[str, NDArray[Any]] = {
        "pay_count": np.ones(len(key)), "pay_amount": pay["amount"] / 100.0,
    }  # fmt: skip
    flags |= {f"pay_{o}": pay["outcome"] == code(o) for o in ("declined", "refunded", "disputed")}
    kinds = ("card", "virtual", "prepaid", "wallet", "bank", "invoice")
    flags |= {f"pay_by_{k}": pay["kind"] == code(k) for k in kinds}
    flags["pay_abroad"] = pay["issuer_country"] != country
    flags["pay_issuer_missing"] = pay["issuer"] < 0
    flags["pay_methods"] = _first_of_pair(pay["account"], pay["method"])
    flags["pay_issuer_users"] = _users(pay["account"], pay["issuer"])[_position(pay["issuer"])]
    found = {name: sums.upto(np.asarray(v, np.float64), last, begin) for name, v in flags.items()}
    count = np.maximum(found["pay_count"], 1.0)
    found["pay_declined_share"] = found["pay_declined"] / count
    found["pay_issuer_users"] = found["pay_issuer_users"] / count
    some = found["pay_count"] > 0
    at = np.append(pay["at"], 0)[np.minimum(begin, len(key))]
    found["pay_delay_days"] = np.where(some, (at - created[moment.account]) / DAY_US, -1.0)
    return found


def _first_of_pair(owner: Ints, thing: Ints) -> NDArray[np.bool_]:
    """True where an owner meets a thing (>= 0) for the first time, in the given order."""
    _, index = np.unique(_position(thing) * 2**24 + owner, return_index=True)
    first = np.zeros(len(owner), bool)
    first[index] = True
    return first & (thing >= 0)


def _position(things: Ints) -> Ints:
    return np.asarray(np.unique(things, return_inverse=True)[1], np.int64)


def _users(owner: Ints, thing: Ints) -> Ints:
    """Distinct owners of each distinct thing."""
    pairs = np.unique(_position(thing) * 2**24 + owner)
    return np.bincount(pairs >> 24)


def _request_columns(
    seen: Observed, requests: _Sorted, table: AddressTable, moment: _Moment
) -> dict[str, Floats]:
    r = requests.columns
    place = table.find(r["ip"])
    count = np.maximum(moment.count, 1).astype(np.float64)
    offset = np.array([UTC_OFFSET_HOURS.get(c or "", 0) for c in seen.signups["country"]])
    hour = (r["at"] // HOUR_US + offset[r["account"]]) % 24
    day = r["at"] // DAY_US
    gap = np.diff(r["at"], prepend=r["at"][:1])
    gap = np.where(np.diff(r["account"], prepend=-1) != 0, 10 * MINUTE_US, np.maximum(gap, 1))
    newest = _age_rank(seen, r)
    home = np.array([code(c) for c in seen.signups["country"]], np.int64)[r["account"]]
    programs = np.array([code(a) for a in BROWSERS], np.int64)
    means = {
        "night": hour < 6, "weekend": (day + 3) % 7 >= 5,
        "office_hours": (hour >= 9) & (hour < 18),
        "log_gap": np.log(gap), "log_gap_squared": np.log(gap) ** 2, "quick": gap < 20_000_000,
        "minute": r["at"] // MINUTE_US % 60, "behind_newest": newest, "on_newest": newest == 0,
        "asked": r["asked"], "answered": r["answered"], "log_length": np.log1p(r["length"]),
        "log_length_squared": np.log1p(r["length"]) ** 2, "lines": r["lines"],
        "foreign_script": r["foreign"], "carried": r["carried"], "in_json": r["json"],
        "with_system": r["system"] >= 0, "with_conversation": r["conversation"] >= 0,
        "turn": r["turn"], "refused": r["outcome"] == code("refused"),
        "limited": r["outcome"] == code("limited"), "ip_hidden": r["ip"] < 0,
        "abroad": (table.country[place] != home) & (place >= 0),
        "by_program": ~np.isin(r["agent"], programs) & (r["agent"] >= 0),
        "agent_hidden": r["agent"] < 0,
    }  # fmt: skip
    means |= {f"from_{n}": (table.kind[place] == i) & (place >= 0) for i, n in enumerate(CLASSES)}
    counts = {
        "days": day, "hours": hour, "ips": r["ip"], "blocks": r["ip"] >> 16,
        "operators": table.asn[place],
        "countries": table.country[place], "agents": r["agent"], "models": r["model"],
        "heads": r["head"], "systems": r["system"], "conversations": r["conversation"],
    }  # fmt: skip
    span = (moment.last, moment.begin)
    found = {n: requests.upto(np.asarray(v, float), *span) / count for n, v in means.items()}
    firsts = {n: _first_of_pair(r["account"], v) for n, v in counts.items()}
    found |= {n: requests.upto(v, moment.last, moment.begin) for n, v in firsts.items()}
    found["requests"] = moment.count.astype(np.float64)
    return found | _derived(seen, requests, moment, found, count)


def _derived(
    seen: Observed, requests: _Sorted, moment: _Moment, found: dict[str, Floats], count: Floats
) -> dict[str, Floats]:
    created = np.array(seen.signups["created_us"], np.int64)[moment.account]
    begun = np.append(requests.columns["at"], 0)[moment.begin]
    some = moment.count > 0
    days = np.maximum(found["days"], 1.0)
    return {
        "gap_spread": np.sqrt(np.maximum(found["log_gap_squared"] - found["log_gap"] ** 2, 0.0)),
        "length_spread": np.sqrt(
            np.maximum(found["log_length_squared"] - found["log_length"] ** 2, 0.0)
        ),
        "a_day": count / days, "span_days": np.where(some, (moment.at - begun) / DAY_US, 0.0),
        "first_use_days": np.where(some, (begun - created) / DAY_US, -1.0),
        "heads_share": found["heads"] / count, "ips_a_day": found["ips"] / days,
        "systems_share": found["systems"] / count,
        "active_share": days / (1.0 + (moment.at - created) / DAY_US),
        "hours_share": found["hours"] / np.minimum(count, 24.0),
    }  # fmt: skip


def _age_rank(seen: Observed, r: dict[str, Ints]) -> Ints:
    """How many models of the same ladder were newer than the one asked for, at the moment."""
    names = list(seen.releases)
    at = np.array([seen.releases[n] for n in names], np.int64)
    mini = np.array([n.endswith("mini") for n in names])
    behind = np.zeros(len(r["at"]), np.int64)
    for i in range(len(names)):
        same = mini[r["model"]] == mini[i]
        behind += same & (at[i] <= r["at"]) & (at[i] > at[r["model"]])
    return behind


def _shared_columns(seen: Observed, moment: _Moment) -> dict[str, Floats]:
    """How many other accounts share something with the account, each as known at the moment."""
    created = np.array(seen.signups["created_us"], np.int64)
    found: dict[str, Floats] = {}
    for link in LINKS:
        found |= _degrees(link, touches(seen, link), moment, created)
    return found


def _degrees(
    name: str, link: tuple[Ints, Ints, Ints], moment: _Moment, created: Ints
) -> dict[str, Floats]:
    """Mean, largest and youngest neighbourhood over what an account touched by the moment.

    A thing's degree is read when the account first touches it: who touched it before.
    """
    owner, at, thing = (values[link[2] >= 0] for values in link)
    if len(owner) == 0:
        return {}
    order = np.argsort(at, kind="stable")
    owner, at, thing = owner[order], at[order], _position(thing[order])
    first = _first_of_pair(owner, thing)
    owner, at, thing = owner[first], at[first], thing[first]
    degree, young = _before(thing, at, created[owner])
    order = np.lexsort((at, owner))
    owner, at, degree, young = owner[order], at[order], degree[order], young[order]
    key = owner * 2**42 + at // 1_000_000
    last = np.searchsorted(key, moment.account * 2**42 + moment.at // 1_000_000, side="right")
    begin = np.searchsorted(owner, moment.account)
    helper = _Sorted({}, np.zeros(0, np.int64))
    size = np.maximum(last - begin, 1)
    return {
        f"{name}_degree": helper.upto(degree, last, begin) / size,
        f"{name}_shared": helper.upto(degree > 0, last, begin),
        f"{name}_young": helper.upto(young, last, begin) / size,
    }


def _before(thing: Ints, at: Ints, created: Ints) -> tuple[Floats, Floats]:
    """How many touched the thing before (rows in order of time), and how many of them were young.

    Young: signed up within seven days before or after the toucher.
    """
    order = np.lexsort((at, thing))
    sorted_thing = thing[order]
    first = np.searchsorted(sorted_thing, sorted_thing)
    rank = np.arange(len(order)) - first
    degree = np.empty(len(order))
    degree[order] = rank
    near = np.zeros(len(order))
    stamps = created[order]
    for back in range(1, 25):
        same = np.zeros(len(order), bool)
        same[back:] = sorted_thing[back:] == sorted_thing[:-back]
        close = np.zeros(len(order), bool)
        close[back:] = np.abs(stamps[back:] - stamps[:-back]) < 7 * DAY_US
        near += same & close
    young = np.empty(len(order))
    young[order] = near
    return degree, young
