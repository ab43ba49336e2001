"""The decision on a sign-up, over the real store: with a model, without one, without a store."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from gnn.assess import Band, Decision, Policy, assess
from gnn.explain import account_reasons
from gnn.features import signup_row
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from gnn.vicinity import ids_of
from graph.errors import InputError, StoreUnavailable
from graph.facts import Signup, facts_of
from graph.store import Generation
from graph.stores import open_store

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def scorer(bundle):
    return Scorer(bundle)


@pytest.fixture
def store(small_scene):
    with open_store("sqlite://") as store:
        for event in small_scene.signups:
            if event.at <= 20 * DAY:
                store.write(facts_of(event))
        yield store


def next_of(scene, prefix: str) -> Signup:
    return next(s for s in scene.signups if s.account_id.startswith(prefix) and s.at > 20 * DAY)


def test_a_newcomer_of_an_unseen_ring_scores_above_every_honest_one(store, scorer, small_scene):
    scores = {}
    for event in small_scene.signups:
        if event.at > 20 * DAY:
            assessment = assess(event, store, scorer, Policy(), event.at)
            scores.setdefault(event.account_id in small_scene.ring_of, []).append(assessment.score)
            store.write(facts_of(event))

    assert min(scores[True]) > max(scores[False])


def test_the_score_is_that_of_the_row_the_batch_path_makes(store, scorer, small_scene):
    event = next_of(small_scene, "late")

    assessment = assess(event, store, scorer, Policy(), event.at)

    row = signup_row(event, store.neighbourhood(ids_of(event)), event.at)
    assert np.array_equal(assessment.row, row, equal_nan=True)
    assert assessment.score == scorer.signup(row)


def test_assessing_writes_nothing(store, scorer, small_scene):
    before = store.snapshot().digest

    assess(next_of(small_scene, "late"), store, scorer, Policy(), 25 * DAY)

    assert store.snapshot().digest == before


@pytest.mark.parametrize(
    ("thresholds", "decided"),
    [
        ((0.0, 0.0), (Decision.DENY, Band.CRITICAL)),
        ((0.0, 2.0), (Decision.REVIEW, Band.HIGH)),
        ((2.0, 2.0), (Decision.ALLOW, Band.LOW)),
    ],
)
def test_the_policy_decides(store, scorer, small_scene, thresholds, decided):
    event = next_of(small_scene, "h")

    assessment = assess(event, store, scorer, Policy(*thresholds), event.at)

    assert (assessment.decision, assessment.band) == decided


def test_reasons_name_what_was_seen_and_what_is_usual(store, scorer, small_scene):
    event = next_of(small_scene, "late")

    assessment = assess(event, store, scorer, Policy(most_reasons=3), event.at)

    assert 0 < len(assessment.reasons) <= 3
    assert all(reason.weight > 0 and reason.observed for reason in assessment.reasons)
    assert all(reason.weight < 0 for reason in assessment.counter_evidence)
    weights = [reason.weight for reason in assessment.reasons]
    assert weights == sorted(weights, reverse=True)


def test_what_was_not_sent_and_what_only_time_shows_are_said(store, scorer, small_scene):
    event = replace(next_of(small_scene, "h"), device=None, country=None)

    assessment = assess(event, store, scorer, Policy(), event.at)

    assert assessment.missing_inputs == ("country", "device_id", "payment", "phone")
    assert assessment.pending_signals == ("payments", "prompts", "timing")


def test_a_signup_on_a_ring_members_device_names_the_ring(store, scorer, small_scene):
    member = next(s for s in small_scene.signups if s.account_id.startswith("red"))
    column = {"key": [member.account_id], "ring_id": ["ring-red"], "ring_flagged": [1.0]}
    shape = {"ring_size": [16.0], "ring_version": [3.0], "score": [0.9]}
    store.publish(Generation(1, 19 * DAY, {"account": pa.table(column | shape)}))
    event = replace(next_of(small_scene, "h"), device=member.device)

    assessment = assess(event, store, scorer, Policy(), event.at)

    assert assessment.ring is not None
    assert (assessment.ring.id, assessment.ring.size, assessment.ring.version) == (
        "ring-red",
        16,
        3,
    )
    assert assessment.ring.flagged
    assert assessment.graph_as_of == 19 * DAY
    assert assessment.reasons[0].code == "flagged_ring"
    assert assessment.decision is not Decision.ALLOW
    assert assessment.band in (Band.HIGH, Band.CRITICAL)


def test_without_a_model_the_policy_answers(store, small_scene):
    event = next_of(small_scene, "h")

    assessment = assess(event, store, None, Policy(degraded=Decision.REVIEW), event.at)

    assert assessment.degraded
    assert assessment.score is None
    assert assessment.decision is Decision.REVIEW


def test_a_store_that_does_not_answer_never_stops_a_signup(scorer, small_scene):
    class Down:
        def neighbourhood(self, *_: object, **__: object) -> None:
            raise StoreUnavailable("gone")

    assessment = assess(next_of(small_scene, "h"), Down(), scorer, Policy(), 0)

    assert assessment.degraded
    assert "did not answer" in assessment.reasons[0].sentence


def test_accounts_of_an_unseen_ring_stand_above_every_honest_one(scorer, small_scene):
    scores = scorer.accounts(small_scene.snapshot(28 * DAY))
    late = np.array([small_scene.ring_of.get(key) == "late" for key in scores.keys])
    honest = np.array([key not in small_scene.ring_of for key in scores.keys])

    assert scores.score[late].min() > scores.score[honest].max()
    assert not scores.flagged[honest].any()
    assert np.array_equal(scores.flagged, scores.score >= scorer.thresholds.account_flag)
    reasons, _ = account_reasons(scorer, scores, int(np.flatnonzero(late)[0]))
    assert reasons


def test_an_account_of_the_training_is_judged_by_the_forest_that_did_not_see_it(bundle, scorer):
    keys = ["red-01", "h0001", "nobody-of-the-training"]
    rows = np.zeros((3, len(bundle.forests["own.0"].columns)), np.float32)
    fold = bundle.seats.fold_of(keys)

    margin = scorer.stages.own.margin(rows, fold)

    alone = [bundle.forests[f"own.{number}"].margin(rows[:1])[0] for number in range(3)]
    assert fold[2] == -1
    assert margin[0] == alone[fold[0]]
    assert margin[2] == pytest.approx(np.mean(alone))


def test_the_same_rows_and_seed_give_the_same_bundle(training, bundle):
    again = train(training, TrainConfig(folds=3), np.random.default_rng(5))

    assert again.digest() == bundle.digest()


def test_shuffled_verdicts_teach_nothing(training, small_scene):
    rng = np.random.default_rng(0)
    names = sorted(training.moments[-1].keys)
    picked = rng.choice(names, len(training.known.fraud), replace=False).tolist()
    lied = replace(training.known, fraud=dict.fromkeys(picked, 20 * DAY), campaign={})

    bundle = train(replace(training, known=lied), TrainConfig(folds=3), rng)

    scores = Scorer(bundle).accounts(small_scene.snapshot(28 * DAY))
    assert scores.flagged.mean() < 0.02


def test_training_without_known_fraud_says_so(training):
    with pytest.raises(InputError, match="known to be fraud"):
        train(
            replace(training, known=type(training.known)()), TrainConfig(), np.random.default_rng(1)
        )
