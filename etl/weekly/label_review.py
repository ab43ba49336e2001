"""Which labels a training believes: labellers are held to each other and to what accounts do.

A voice is a source, or one author of it; a batch is what a voice said in one week. Three questions
are asked of each (:mod:`etl.weekly.label_questions`): do its verdicts fall on accounts that behave
that way, judged by a model that did not see them (:mod:`gnn.second_opinion`), how often do other
voices say the opposite of the same accounts, and of accounts of the same kind. Whoever is worse
than its peers by a wide margin, with the chance of a false alarm held over all questions together
(Benjamini and Hochberg, 1995), is put into quarantine, with the reason in words. Of a voice that is
worse than its peers but mostly right, the contradicted verdicts alone are: a patient poisoner hides
among good work. Nothing is deleted, and the next run asks again. Appeals that overturned a verdict
count more, because such accounts are what the model gets wrong. It knows no model's insides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from etl.weekly.label_questions import Judged, KinQuestion, Question
from gnn.booster import Floats
from gnn.second_opinion import last_rows, opinion, standing_among
from gnn.training_rows import TrainingRows

WEEK_US = 7 * 86_400_000_000
CORRECTING = ("appeal", "audit")
OVERTURNED_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class ReviewLimits:
    """When a voice is not believed: ``ReviewLimits(least=8)``.

    Of at least ``least`` verdicts a share of ``contradicted`` or more, and ``times`` the share
    among its peers; ``false_alarms`` is the share of quarantines that may be wrong (0..1). Of a
    voice with ``many`` verdicts and a lower share the contradicted ones alone are left out, where
    false alarms are at most ``in_part``. Accounts of a kind that others judged are asked where
    there are ``kin`` of them. A fraud
    verdict is contradicted where more than ``ordinary`` of unlabelled accounts look at least as
    guilty, a legitimate one where fewer than ``guilty`` do and half of known fraud looks less so.
    """

    least: int = 8
    contradicted: float = 0.5
    times: float = 2.0
    false_alarms: float = 0.05
    ordinary: float = 0.15
    guilty: float = 0.1
    many: int = 40
    in_part: float = 0.02
    kin: int = 8
    rounds: int = 4


@dataclass(frozen=True, slots=True)
class Doubt:
    """A voice or batch that was put into quarantine, and why.

    ``labels`` verdicts, ``against`` of them contradicted; ``peers`` is the share (0..1) among
    everybody else; ``chance`` the probability of as many by luck, ``expected_false`` the share of
    false alarms among findings as sure as this one.
    """

    voice: str
    verdict: str
    test: str
    labels: int
    against: int
    peers: float
    chance: float
    expected_false: float
    reason: str


@dataclass(frozen=True)
class Review:
    """Labels that are believed, those that are not with their reasons, and weights of accounts."""

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    doubts: tuple[Doubt, ...]
    weights: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For the run's folder and its report."""
        by_source = dict(self.kept.group_by("source").len().sort("source").iter_rows())
        return {
            "kept": self.kept.height,
            "quarantined": self.quarantined.height,
            "by_source": by_source,
            "reweighted": len(self.weights),
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


@dataclass(frozen=True)
class _Standing:
    """Each account's place (see ``standing_among``), and that of the median known fraud."""

    place: Mapping[str, float]
    typical: float


def review(
    labels: pl.DataFrame,
    banned_at: Mapping[str, int],
    rows: TrainingRows,
    rng: np.random.Generator,
    limits: ReviewLimits = ReviewLimits(),
) -> Review:
    """Sort ``labels`` into those that are believed and those that are not.

    Args:
        labels: ``account_id``, ``at`` (us), ``verdict``, ``source``, ``campaign_id`` and
            ``author`` (null where nobody is named).
        banned_at: accounts under a ban, and since when (us); they count as guilty.
        rows: what accounts did, at several moments.
        rng: source of chance of the second opinion.
        limits: when a voice is not believed.
    """
    kept = labels.sort("at", "account_id", "source").with_row_index("row")
    doubts: list[Doubt] = []
    out: list[pl.DataFrame] = []
    first = {**dict(_first_verdicts(kept)), **banned_at}
    keys, matrix = last_rows(rows, first)
    for _ in range(limits.rounds):
        standing = _standing(keys, matrix, kept, banned_at, rng)
        judged = _judged(keys, matrix, kept, banned_at)
        asked = [*_questions(kept, standing, limits), *_of_kin(kept, judged, rng, limits)]
        found = _worst(asked, limits)
        if found is None:
            break
        doubt, numbers = found
        doubts.append(doubt)
        gone = pl.col("row").is_in(numbers.tolist())
        out.append(kept.filter(gone).with_columns(reason=pl.lit(doubt.reason)))
        kept = kept.filter(~gone)
    empty = kept.clear().with_columns(reason=pl.lit("", pl.String))
    quarantined = pl.concat([empty, *out]).drop("row")
    return Review(kept.drop("row"), quarantined, tuple(doubts), _weights(kept))


def _first_verdicts(labels: pl.DataFrame) -> list[tuple[str, int]]:
    return list(labels.group_by("account_id").agg(pl.col("at").min()).iter_rows())


def _standing(
    keys: Sequence[str],
    matrix: np.ndarray[Any, np.dtype[np.float32]],
    labels: pl.DataFrame,
    banned_at: Mapping[str, int],
    rng: np.random.Generator,
) -> _Standing:
    """How suspicious each account looks without its own label."""
    said = set(labels["account_id"]) | set(banned_at)
    last = labels.sort("at").group_by("account_id", maintain_order=True).last()
    guilty = set(last.filter(pl.col("verdict") == "fraud")["account_id"])
    cleared = set(last.filter(pl.col("verdict") == "legitimate")["account_id"])
    guilty |= set(banned_at) - cleared
    fraud = np.array([key in guilty for key in keys], bool)
    ordinary = np.array([key not in said for key in keys], bool)
    aside = np.array([key in cleared for key in keys], bool)
    place: Floats = standing_among(opinion(matrix, fraud, rng, aside), ordinary)
    typical = float(np.median(place[fraud])) if fraud.any() else 0.0
    return _Standing(dict(zip(keys, place.tolist(), strict=True)), typical)


def _questions(
    labels: pl.DataFrame, standing: _Standing, limits: ReviewLimits
) -> Iterator[Question]:
    """Every question about every voice and batch that said enough to be asked."""
    place = labels["account_id"].replace_strict(
        standing.place, default=None, return_dtype=pl.Float64
    )
    guilty = min(limits.guilty, standing.typical)
    fraud = pl.col("verdict") == "fraud"
    table = _voiced(labels).with_columns(place=place).with_columns(
        odd=pl.when(fraud).then(pl.col("place") > limits.ordinary)
        .otherwise(pl.col("place") <= guilty),
        opposed=_opposed(labels),
    )  # fmt: skip
    for verdict in ("fraud", "legitimate"):
        said = table.filter(pl.col("verdict") == verdict)
        for test in ("odd", "opposed"):
            asked = said.filter(pl.col(test).is_not_null())
            yield from _asked(asked, verdict, test, limits)


def _asked(said: pl.DataFrame, verdict: str, test: str, limits: ReviewLimits) -> Iterator[Question]:
    total, against = said.height, int(said[test].sum())
    for voice, group in _groups(said):
        mine = int(group[test].sum())
        if group.height >= limits.least:
            yield Question(
                voice, verdict, test, _numbers(group), _numbers(group.filter(pl.col(test))),
                group.height, mine, total - group.height, against - mine,
            )  # fmt: skip


def _numbers(group: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    return group["row"].to_numpy().astype(np.int64)


def _judged(
    keys: Sequence[str],
    matrix: np.ndarray[Any, np.dtype[np.float32]],
    labels: pl.DataFrame,
    banned_at: Mapping[str, int],
) -> Judged:
    """The last word of every source on every account that has rows."""
    place = {key: number for number, key in enumerate(keys)}
    words: dict[int, dict[str, str]] = {}
    said = labels.sort("at").select("account_id", "source", "verdict").iter_rows()
    for account, source, verdict in said:
        if account in place:
            words.setdefault(place[account], {}).pop(source, None)
            words[place[account]][source] = verdict
    known = set(labels["account_id"]) | set(banned_at)
    crowd = [number for key, number in place.items() if key not in known]
    return Judged(matrix, place, words, np.array(crowd, np.int64))


def _of_kin(
    labels: pl.DataFrame, judged: Judged, rng: np.random.Generator, limits: ReviewLimits
) -> Iterator[Question]:
    """What others found among accounts of each batch's kind; asked of verdicts of fraud alone.

    A voice is asked as a whole only where no week of it is: what it said of many kinds has none.
    """
    fraud = _voiced(labels).filter(pl.col("verdict") == "fraud")
    groups = {voice: g for voice, g in _groups(fraud) if g.height >= limits.least}
    for voice, group in groups.items():
        if any(other.startswith(f"{voice}, week") for other in groups):
            continue
        asked, against = judged.kin(group["account_id"].to_list(), group["source"][0], rng)
        if asked >= limits.kin:
            mine = _numbers(group)
            yield KinQuestion(voice, "fraud", "kin", mine, mine, asked, against, 0, 0)


def _voiced(labels: pl.DataFrame) -> pl.DataFrame:
    return labels.with_columns(
        author_voice=pl.concat_str([pl.col("source"), pl.lit(" "), pl.col("author")])
    )


def _groups(said: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Voices, and what each of them said in one week."""
    weeks = said.with_columns(week=pl.col("at") // WEEK_US)
    for name in ("author_voice", "source"):
        spoken = weeks.filter(pl.col(name).is_not_null())
        for (voice,), group in spoken.group_by(name, maintain_order=True):
            yield str(voice), group
        for (voice, week), group in spoken.group_by(name, "week", maintain_order=True):
            yield f"{voice}, week of {_day(int(str(week)) * WEEK_US)}", group


def _opposed(labels: pl.DataFrame) -> pl.Series:
    """Whether a later word of another voice on the same account says the opposite; else null."""
    last: dict[str, tuple[str, str]] = {}
    found: list[bool | None] = [None] * labels.height
    columns = [labels[name].to_list() for name in ("account_id", "verdict", "source", "author")]
    backwards = list(enumerate(zip(*columns, strict=True)))[::-1]
    for place, (account, verdict, source, author) in backwards:
        voice = f"{source} {author}"
        if account in last and last[account][0] != voice:
            found[place] = last[account][1] != verdict
        last.setdefault(account, (voice, verdict))
    return pl.Series("opposed", found, dtype=pl.Boolean)


def _worst(
    questions: Sequence[Question], limits: ReviewLimits
) -> tuple[Doubt, np.ndarray[Any, np.dtype[np.int64]]] | None:
    """The purest finding, if there is one; the widest of those that are equally pure."""
    from scipy.stats import false_discovery_control  # noqa: PLC0415

    if not questions:
        return None
    chances = np.array([question.chance() for question in questions])
    whole = np.array([question.share() >= limits.contradicted for question in questions])
    large = np.array([q.asked >= limits.many and q.test != "kin" for q in questions])
    # A voice is asked for its mistakes beside other large ones: its many weeks say nothing of them.
    sure = false_discovery_control(chances)
    among = np.ones(len(questions))
    if large.any():
        among[large] = false_discovery_control(chances[large])
    adjusted = np.where(whole, sure, among)
    allowed = np.where(whole, limits.false_alarms, limits.in_part)
    guilty = [
        place
        for place, question in enumerate(questions)
        if adjusted[place] <= allowed[place]
        and question.share() >= limits.times * question.peers_share()
    ]
    if not guilty:
        return None
    best = min(guilty, key=lambda place: (_loudness(questions[place]), -len(questions[place].mine)))
    question = questions[best]
    doubt = Doubt(
        question.voice, question.verdict, question.test, question.asked, question.against,
        question.peers_share(), float(chances[best]), float(adjusted[best]),
        _reason(question) + ("" if whole[best] else "; these alone are left out"),
    )  # fmt: skip
    return doubt, question.mine if whole[best] else question.wrong


def _loudness(question: Question) -> float:
    """The share of a group that is not contradicted: the purest plant is taken out first."""
    return round(1.0 - question.share(), 2)


def _reason(question: Question) -> str:
    if question.test == "kin":
        return (
            f"{question.voice}: of these {len(question.mine)} accounts and those that behave like "
            f"them {question.asked} were judged by others, {question.against} were cleared"
        )
    what = {
        ("fraud", "odd"): "fall on accounts that behave like anybody",
        ("legitimate", "odd"): "fall on accounts that behave like known fraud",
        ("fraud", "opposed"): "were opposed by others later",
        ("legitimate", "opposed"): "were opposed by others later",
    }[question.verdict, question.test]
    return (
        f"{question.voice}: {question.against} of {question.asked} verdicts of "
        f"{question.verdict} {what}; among everybody else's {question.peers_against} of "
        f"{question.peers} do"
    )


def _weights(kept: pl.DataFrame) -> dict[str, float]:
    """Accounts whose verdict of fraud was overturned: what the model must not do again."""
    told: dict[str, list[tuple[str, str]]] = {}
    for account, verdict, source in kept.select("account_id", "verdict", "source").iter_rows():
        told.setdefault(account, []).append((verdict, source))
    return {
        account: OVERTURNED_WEIGHT
        for account, words in told.items()
        if words[-1][0] == "legitimate"
        and words[-1][1] in CORRECTING
        and (words[-1][1] == "appeal" or any(verdict == "fraud" for verdict, _ in words))
    }


def _day(at: int) -> str:
    return str(pl.Series([at]).cast(pl.Datetime("us")).dt.date()[0])
