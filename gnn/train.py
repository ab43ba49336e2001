"""Training: rows and verdicts in, a bundle out.

``train(rows, config, rng)`` fits the account forests (:mod:`gnn.train_accounts`), passes their
out-of-fold scores to the mates of every sign-up and fits the sign-up forest
(:mod:`gnn.train_signups`), calibrates both on out-of-fold margins and sets thresholds on accounts
(:mod:`gnn.thresholds`). Time, chance and settings are arguments; the same rows, config and seed
give the same bundle digest.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster
from gnn.bundle import Bundle, Seats, Thresholds
from gnn.calibrate import Calibration
from gnn.folds import fold_of, groups_of
from gnn.scorer import Stages
from gnn.thresholds import Floats, flag_threshold, interval_of, threshold_for
from gnn.train_accounts import AccountFit, Setting, fit_accounts, highest_of, out_of_ordinary
from gnn.train_signups import Heard, SignupFit, fit_signups, signup_rows, with_company
from gnn.training_rows import Roll, TrainingRows, chosen
from graph.errors import InputError

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a model is made: ``TrainConfig(folds=5)``.

    Shares (0..1): ``flag_share`` of the accounts not known to be fraud may be flagged by their
    score, ``deny_share`` of them denied at sign-up, ``review_share`` of all sign-ups reviewed.
    From ``network_from`` accounts on a graph network is part of the score.
    """

    folds: int = 5
    flag_share: float = 0.0005
    deny_share: float = 0.0001
    review_share: float = 0.01
    network_from: int = 5_000


@dataclass(frozen=True)
class Fits:
    """What the stages of one training gave."""

    setting: Setting
    accounts: AccountFit
    calibration: Calibration
    signups: SignupFit


def train(
    rows: TrainingRows,
    config: TrainConfig,
    rng: np.random.Generator,
    progress: Progress = lambda step, done, total: None,
) -> Bundle:
    """Fit everything on ``rows``; see the module's opening.

    Raises:
        InputError: if there is no refresh to learn from, or no account is known to be fraud.
    """
    if not rows.moments:
        raise InputError("nothing to train on: no refresh lies before the end of training")
    progress("train", 0, 3)
    setting = _setting(rows, config, rng)
    if not any(setting.roll.fraud[seat[pick]].any() for seat, pick in _picked(setting)):
        raise InputError("nothing to train on: no account was known to be fraud by then")
    accounts = fit_accounts(setting)
    progress("train", 1, 3)
    calibration = _calibration(setting, accounts)
    signups = _signups(rows, setting, accounts, calibration)
    progress("train", 2, 3)
    bundle = _bundle(rows, config, Fits(setting, accounts, calibration, signups))
    progress("train", 3, 3)
    return bundle


def _setting(rows: TrainingRows, config: TrainConfig, rng: np.random.Generator) -> Setting:
    roll = Roll.of(rows)
    seats = [roll.numbers(moment.keys) for moment in rows.moments]
    groups = groups_of(roll, rows.moments[-1].links, seats[-1])
    fold = fold_of(roll, groups, config.folds, rng)
    picks = chosen(rows.moments, seats, roll)
    seed = int(rng.integers(2**31 - 1))
    least = config.network_from
    return Setting(rows.moments, seats, picks, roll, groups, fold, config.folds, seed, least)


def _picked(setting: Setting) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    return list(zip(setting.seats, setting.picks, strict=True))


def _calibration(setting: Setting, fit: AccountFit) -> Calibration:
    """The calibration of account margins, on their last state before they were known."""
    size = len(setting.roll.number)
    last = np.full(size, np.nan)
    for moment, seat, margin in zip(setting.moments, setting.seats, fit.margins, strict=True):
        open_yet = setting.roll.known_at[seat] > moment.as_of
        last[seat[open_yet]] = margin[open_yet]
    sure = np.isfinite(last) & ~fit.doubtful
    return Calibration.fit(last[sure], fit.fraud[sure])


def _signups(
    rows: TrainingRows, setting: Setting, accounts: AccountFit, calibration: Calibration
) -> SignupFit:
    seat = setting.roll.numbers([signup.event.account_id for signup in rows.signups])
    heard = None
    if accounts.network is not None:
        heard = Heard(accounts.network, accounts.own_margins, setting.fold[seat])
    rows = with_company(rows, heard)
    table = signup_rows(rows, [calibration.probability(m) for m in accounts.margins])
    doubtful = accounts.doubtful[seat]
    return fit_signups(table, accounts.fraud[seat], doubtful, setting.fold[seat], setting.seed)


def _bundle(rows: TrainingRows, config: TrainConfig, fits: Fits) -> Bundle:
    accounts, signups = fits.accounts, fits.signups
    seat = fits.setting.roll.numbers([signup.event.account_id for signup in rows.signups])
    signup_fraud, last = accounts.fraud[seat], fits.setting.seats[-1]
    signup_calibration = Calibration.fit(signups.margin, signup_fraud)
    score = signup_calibration.probability(signups.margin)
    reference, known = _reference(fits)
    flag = flag_threshold(reference, known, config.flag_share)
    thresholds = Thresholds(
        account_flag=flag,
        signup_review=threshold_for(score, config.review_share),
        signup_deny=threshold_for(score[~signup_fraud], config.deny_share),
    )
    ordinary = ~accounts.fraud[last]
    usual = {
        "signup": _usual(signups.rows[~signup_fraud]),
        "own": _usual(rows.moments[-1].rows[ordinary]),
        "near": _usual(accounts.heard[ordinary]),
    }
    if accounts.network_margins is not None:
        usual["network"] = _usual(accounts.network_margins[ordinary, None].astype(np.float32))
    forests = _forests(accounts.stages)
    if signups.forest is not None:
        forests["signup"] = signups.forest
    return Bundle(
        forests=forests,
        calibrations={"account": fits.calibration, "signup": signup_calibration},
        thresholds=thresholds,
        usual=usual,
        trained_as_of=rows.as_of,
        notes=_notes(config, fits, interval_of(reference, known, flag)),
        seats=_seats(fits),
        network=accounts.network,
    )


def _forests(stages: Stages) -> dict[str, Booster]:
    named = {"own": stages.own, "near": stages.near, "far": stages.far}
    return {
        f"{name}.{fold}": forest
        for name, stage in named.items()
        for fold, forest in enumerate(stage.forests)
    }


def _seats(fits: Fits) -> Seats:
    """The folds of all who were trained on; the doubtful were not, and every forest may judge."""
    fold, doubtful = fits.setting.fold, fits.accounts.doubtful
    number = fits.setting.roll.number
    return Seats.of({key: int(fold[n]) for key, n in number.items() if not doubtful[n]})


def _reference(fits: Fits) -> tuple[Floats, Floats]:
    """The highest score of each account that is not known or believed to be fraud, and the known's.

    Believed are the unlabelled of bad groups whom the whole model, out of fold, finds out of the
    ordinary. They are too many to be left in: a ring is seldom labelled by half, and thresholds
    were set over the heads of its other half. What honest bystanders of bad groups score stays in.
    """
    scores = [fits.calibration.probability(margin) for margin in fits.accounts.margins]
    highest = highest_of(fits.setting, scores)
    fraud = fits.accounts.fraud | out_of_ordinary(fits.setting, highest)
    seen, known = np.isfinite(highest), fits.setting.roll.fraud
    return highest[~fraud & seen], highest[known & seen]


def _usual(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The median of each column over those who know it, float32 [F]; NaN where nobody does."""
    usual = np.full(rows.shape[1], np.nan, np.float32)
    known = ~np.isnan(rows).all(axis=0) if len(rows) else np.zeros(rows.shape[1], bool)
    usual[known] = np.nanmedian(rows[:, known], axis=0)
    return usual


def _notes(config: TrainConfig, fits: Fits, flagged: tuple[float, float]) -> dict[str, object]:
    """What people want to know of a training, with the settings that made it."""
    roll, groups = fits.setting.roll, fits.setting.groups
    return {
        "config": asdict(config),
        "accounts": len(roll.number),
        "known_fraud": int(roll.fraud.sum()),
        "known_banned": int(roll.banned.sum()),
        "promoted": int((fits.accounts.fraud & ~roll.fraud).sum()),
        "left_out": int(fits.accounts.doubtful.sum()),
        "rings": len(np.unique(groups.group[roll.fraud])),
        "moments": len(fits.setting.moments),
        "account_rows": int(sum(pick.sum() for pick in fits.setting.picks)),
        "signup_rows": len(fits.signups.rows),
        "graph_network": fits.accounts.network is not None,
        "honest_flagged_share_90_percent_interval": list(flagged),
    }
