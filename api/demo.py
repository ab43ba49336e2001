"""The demo: a world of a few thousand accounts made, built, learnt from, refreshed, and judged.

Every step is the job that a deployment runs; only the judging opens the world's truth, which
nothing that detects may do. It works in the home folder and in the store that the settings name,
and refuses to touch either when somebody else's data is there.
"""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from api.opened import store_of
from api.schemas.answers import moment
from api.schemas.rings import RingSummary
from api.settings import Settings
from api.workshop import journal_of, shelf_of
from etl.jobs import Deployment, refresh_now, train_bundle
from etl.load import BuildOptions, build
from etl.prompts.fit import fit_clusters
from etl.refreshed import RefreshReport
from gnn.scorer import Scorer
from graph.door import Door
from graph.errors import SettingsError
from graph.flush import Told
from graph.journal.journal import Journal
from graph.rings import Rings
from graph.simulate import World, simulate
from graph.simulate.truth import TrueAccount, load_truth
from graph.store import GraphStore

MARK = "demo"
MARK_FILE = "demo.json"
SIGNUP_FILE = "demo-signup.json"
DAY_US = 86_400_000_000
FORTNIGHT_US = 14 * DAY_US
# What the demo makes in the home folder, and may therefore remove from it.
_MADE = (
    *(
        f"{name}.db{rest}"
        for name in ("graph", "journal", "ledger")
        for rest in ("", "-wal", "-shm")
    ),
    "bundles",
    "refresh",
    "world",
    SIGNUP_FILE,
)


@dataclass(frozen=True, slots=True)
class DemoRing:
    """One ring that was found, and how much of it is one true campaign (0..1)."""

    summary: RingSummary
    reasons: tuple[str, ...]
    campaign_share: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What the demo found, against the world's truth.

    ``flagged`` accounts call for action; ``precision`` is the share of them that is fraud.
    ``recall`` is the share that is flagged of the ``at_work``: fraud accounts that sent requests
    in the last fortnight and were not banned; one refresh at the end cannot see who left before.
    A campaign with accounts at work is found when half of them are flagged.
    """

    accounts: int
    as_of: int
    rings: tuple[DemoRing, ...]
    flagged: int
    precision: float
    recall: float
    at_work: int
    campaigns: int
    campaigns_found: int

    def as_json(self) -> dict[str, Any]:
        """The form that ``--json`` prints."""
        return {
            "accounts": self.accounts,
            "as_of": moment(self.as_of).isoformat(),
            "rings": [
                {
                    **ring.summary.model_dump(mode="json"),
                    "reasons": list(ring.reasons),
                    "campaign_share": round(ring.campaign_share, 4),
                }
                for ring in self.rings
            ],
            "accounts_flagged": self.flagged,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "fraud_accounts_at_work": self.at_work,
            "campaigns": self.campaigns,
            "campaigns_found": self.campaigns_found,
        }


def run(settings: Settings, key: bytes, preset: str, seed: int, progress: Told) -> Findings:
    """Everything from the world to the findings.

    Raises:
        SettingsError: if home or store hold data that no demo made.
    """
    home = settings.home
    with ExitStack() as open_things:
        _claim(home, {"preset": preset, "seed": seed})
        store = _cleared(settings, open_things)
        world = simulate(
            home / "world", preset, seed, progress=lambda name, rows: progress(name, rows, 0)
        )
        store.set_meta(MARK, f"{preset} {seed}")
        journal = open_things.enter_context(journal_of(settings, key))
        report = _lived(settings, key, world, (journal, store), progress)
        _keep_signup(home, world, report.rings)
        truth = load_truth(home / "world")
        return _judged(report, store, truth, _at_work(journal, world.town.end))


def _claim(home: Path, mark: dict[str, object]) -> None:
    """Mark the home folder as a demo's, before anything is made or removed in it."""
    ours = (home / MARK_FILE).exists()
    if not ours and any((home / name).exists() for name in _MADE):
        raise SettingsError(f"{home} holds data that no demo made; set RINGSIGHT_HOME to another")
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK_FILE).write_text(json.dumps(mark) + "\n")


def _cleared(settings: Settings, open_things: ExitStack) -> GraphStore:
    """The store, empty; whatever an earlier demo left in it and in the home folder is gone."""
    home = settings.home
    for place in (home / name for name in _MADE):
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    store = open_things.enter_context(store_of(settings, make=True))
    if store.counts() and store.meta(MARK) is None:
        raise SettingsError("the store holds a graph that no demo made; name another store")
    store.clear()
    return store


def _lived(
    settings: Settings,
    key: bytes,
    world: World,
    homes: tuple[Journal, GraphStore],
    progress: Told,
) -> RefreshReport:
    """Build, train on what was known at two thirds of the world, refresh twice at its end.

    Twice, because accounts with a history are acted on once a second refresh confirms the first.
    """
    journal, store = homes
    options = BuildOptions(progress=progress)
    build(str(settings.home / "world" / "events"), journal, store, Door(key), options)
    bundle = train_bundle(journal, fit_clusters, world.train_until, world.seed, progress)
    shelf_of(settings, sign=True).put(bundle)
    deployment = Deployment(journal, store, fit_clusters, settings.refresh_path)
    scorer = Scorer(bundle)
    refresh_now(deployment, scorer, world.town.end - DAY_US, progress)
    return refresh_now(deployment, scorer, world.town.end, progress)


def _keep_signup(home: Path, world: World, rings: Rings) -> None:
    """A sign-up for the curl line: the next account of the surest ring, on its things."""
    table = pq.read_table(home / "world" / "events" / "signups.parquet")
    members = {m.account_id for ring in rings.flagged[:1] for m in ring.members}
    rows = table.to_pylist()
    mates = [row for row in rows if row["account_id"] in members] or rows[-1:]
    used = Counter(row["device_id"] for row in mates if row["device_id"] is not None)
    model = max(mates, key=lambda row: (used[row["device_id"]], row["created_at"]))
    body = {name: value for name, value in model.items() if value is not None}
    body |= {
        "account_id": "demo-newcomer",
        "created_at": moment(world.town.end).isoformat(),
        "dry_run": True,
    }
    (home / SIGNUP_FILE).write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")


def _at_work(journal: Journal, end: int) -> set[str]:
    """Accounts with a request in the last fortnight that are not banned."""
    requests = journal.read("requests", since=end - FORTNIGHT_US, columns=["account_id"])
    actions = journal.read("enforcements").to_pylist()
    last = {row["account_id"]: row["action"] for row in actions}
    return {a for a in requests["account_id"].to_pylist() if last.get(a) != "ban"}


def _judged(
    report: RefreshReport, store: GraphStore, truth: dict[str, TrueAccount], at_work: set[str]
) -> Findings:
    fraud = {account for account, true in truth.items() if true.fraudulent}
    flagged = set(report.flags["account_id"].to_list())
    working = fraud & at_work
    sizes = Counter(truth[account].campaign for account in working)
    caught = Counter(truth[account].campaign for account in working & flagged)
    shares = {ring.ring_id: _campaign_share(ring.account_ids, truth) for ring in report.rings}
    found = tuple(
        DemoRing(
            RingSummary.of(row),
            tuple(reason["sentence"] for reason in _strongest(row.detail["reasons"])),
            shares[row.ring_id],
        )
        for row in store.rings()
        if row.detail.get("flagged")
    )
    return Findings(
        accounts=len(truth),
        as_of=report.as_of,
        rings=found,
        flagged=len(flagged),
        precision=len(flagged & fraud) / len(flagged) if flagged else 0.0,
        recall=len(flagged & working) / len(working) if working else 0.0,
        at_work=len(working),
        campaigns=len(sizes),
        campaigns_found=sum(2 * caught[name] >= size for name, size in sizes.items()),
    )


def _campaign_share(accounts: frozenset[str], truth: dict[str, TrueAccount]) -> float:
    """How much of a ring is one true campaign."""
    counts = Counter(truth[a].campaign for a in accounts if a in truth and truth[a].campaign)
    return max(counts.values(), default=0) / len(accounts)


def _strongest(reasons: object, most: int = 3) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = list(reasons)  # type: ignore[call-overload]
    return sorted(found, key=lambda reason: -float(reason["weight"]))[:most]
