"""Streams in which a template does not stand alone: wrapped, with examples, under another one."""

import base64
import html
import json
import time

import numpy as np
import pytest

from etl.prompts.fit import FitParams, FitResult, fit, in_chunks
from etl.prompts.graph import Joining
from etl.prompts.split import Telling
from graph.prompts.weigh import MIN_LINK_NATS
from tests.etl.test_prompts_fit import EMPTY, READER, START, Traffic

END = START + 14 * 86_400_000_000
LANGUAGES = {
    "en": "judge with care every claim that the witness below has made and say which one fails",
    "es": "juzga con cuidado cada cosa que dice el testigo de abajo y di cual de ellas falla",
    "zh": "请仔细判断下面证人所说的每一句话并指出哪一句是站不住脚的",
}
WRAPPED = {
    "escaped JSON": lambda text: json.dumps({"task": text, "stream": False}),
    "HTML": lambda text: f"<p>{html.escape(text)}</p>",
    "XML": lambda text: f"<instruction>\n{text}\n</instruction>",
    "base64": lambda text: f"decode this: {base64.b64encode(text.encode()).decode()}",
    "figures": lambda text: text.translate(str.maketrans("oeas", "034$")),
}


@pytest.fixture
def traffic() -> Traffic:
    made = Traffic(11)
    made.strangers(500)
    return made


def fitted(traffic: Traffic) -> FitResult:
    return fit(in_chunks(traffic.columns()), EMPTY, END)


def clusters_of(found: FitResult, texts: list[str]) -> list[str | None]:
    numbers = found.index.assign_many(READER.sketches(texts)).cluster
    return [None if one < 0 else found.index.ids[one] for one in numbers]


def share_of_most(found: FitResult, texts: list[str]) -> float:
    """The share of ``texts`` that are in the cluster that most of them are in."""
    told = [one for one in clusters_of(found, texts) if one is not None]
    return max((told.count(one) for one in set(told)), default=0) / len(texts)


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_a_wrapped_prompt_is_in_the_cluster_of_the_plain_one(traffic, wrapping):
    template, wrap = traffic.text(20), WRAPPED[wrapping]
    ring, sent = traffic.new(12, (1, 5)), []
    for number in range(240):
        words = template.split()
        text = f'{traffic.text(6)}\n{" ".join(words[:10])}\n"{" ".join(words[10:])}"\n'
        sent.append(text if number % 2 else wrap(text))
        traffic.say(ring[number % 12], sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.95


def test_a_template_with_examples_drawn_from_a_pool_is_one_cluster(traffic):
    template, pool = traffic.text(14), [traffic.text(18) for _ in range(8)]
    ring, sent = traffic.new(12, (1, 5)), []
    for number in range(240):
        shots = "\n\n".join(traffic.rng.sample(pool, 3))
        sent.append(f"{template}\n\n{shots}\n\n{traffic.text(10)}")
        traffic.say(ring[number % 12], sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.95


def test_a_template_after_a_long_document_of_its_own_is_found(traffic):
    template, ring, sent = traffic.text(14), traffic.new(12, (1, 5)), []
    for number in range(240):
        sent.append(f"{traffic.text(1_500)}\n{template} {traffic.text(4)}")
        traffic.say(ring[number % 12], sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.95


def test_questions_on_one_public_document_tie_nobody(traffic):
    document = traffic.text(700)
    for reader in traffic.new(60, (1, 400)):
        for _ in range(5):
            traffic.say(reader, f"{document}\n{traffic.text(8)}")

    found = fitted(traffic)

    assert found.statistics.clusters["weight"].to_pylist() == [0.0]


def test_a_ring_that_changes_languages_is_a_pure_cluster_a_language(traffic):
    ring, sent = traffic.new(12, (1, 5)), {name: [] for name in LANGUAGES}
    for number in range(360):
        name = list(LANGUAGES)[number % 3]
        text = f"{LANGUAGES[name]} {traffic.text(10)}"
        sent[name].append(text)
        traffic.say(ring[number % 11], text)

    found = fitted(traffic)

    homes = [set(clusters_of(found, texts)) for texts in sent.values()]
    assert all(len(home) == 1 and None not in home for home in homes)
    assert len(set.union(*homes)) == 3
    assert found.statistics.edges.num_rows == 3 * 11


def reworded(traffic: Traffic, text: str, others: dict[str, str], chance: float) -> str:
    """``text`` with words replaced by another word each, by chance; ``others`` fills as it goes."""
    return " ".join(
        others.setdefault(word, traffic.text(1)) if traffic.rng.random() < chance else word
        for word in text.split()
    )


def test_a_long_template_reworded_by_many_who_send_little_is_one_cluster(traffic):
    sentences, others, sent = [traffic.text(9) for _ in range(12)], {}, []
    for account in traffic.new(180, (1, 5)):
        for _ in range(2):
            kept = traffic.rng.sample(sentences, 9)
            text = reworded(traffic, " ".join(kept), others, 0.25)
            sent.append(f"{text}\n{traffic.text(10)}")
            traffic.say(account, sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.9


def test_a_template_of_short_sentences_of_which_none_has_a_majority_is_found(traffic):
    sentences, others, sent = [traffic.text(6) for _ in range(4)], {}, []
    ring = traffic.new(24, (1, 5))
    for number in range(360):
        kept = traffic.rng.sample(sentences, 4)
        text = " ".join(reworded(traffic, one, others, 0.25) for one in kept)
        sent.append(f"{traffic.text(20)} {text} {traffic.text(20)}")
        traffic.say(ring[number % 24], sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.85


@pytest.mark.parametrize("edits", [0.0, 0.2])
def test_templates_that_copy_a_third_of_each_other_stay_apart(traffic, edits):
    shared, others, sent = traffic.text(12), {}, []
    for _ in range(2):
        form, mine = traffic.text(24), []
        for account in traffic.new(60, (1, 5)):
            for _ in range(3):
                text = reworded(traffic, f"{shared} {form}", others, edits)
                mine.append(f"{text}\n{traffic.text(10)}")
                traffic.say(account, mine[-1])
        sent.append(mine)

    found = fitted(traffic)

    homes = [set(clusters_of(found, texts)) - {None} for texts in sent]
    assert not homes[0] & homes[1]
    assert min(share_of_most(found, texts) for texts in sent) >= 0.9


def test_phrases_in_common_do_not_make_one_community_of_everything(traffic):
    phrases, sent = [traffic.text(4) for _ in range(40)], []
    for number in range(40):
        own, mine = traffic.text(16), []
        form = f"{phrases[number]} {own} {phrases[(number + 1) % 40]}"
        for account in traffic.new(10, (1, 5)):
            for _ in range(6):
                mine.append(f"{form}\n{traffic.text(10)}")
                traffic.say(account, mine[-1])
        sent.append(mine)
    few = FitParams(joining=Joining(most=300), telling=Telling(rows=300))

    found = fit(in_chunks(traffic.columns()), EMPTY, END, few)

    assert min(share_of_most(found, texts) for texts in sent) == 1.0
    assert len({clusters_of(found, texts)[0] for texts in sent}) == 40


def test_pairs_counted_in_many_turns_give_the_same_clusters(traffic):
    for _ in range(6):
        form = traffic.text(30)
        for account in traffic.new(10, (1, 5)):
            for _ in range(4):
                traffic.say(account, f"{form}\n{traffic.text(10)}")
    turns = FitParams(joining=Joining(pairs_at_once=1_000))

    found = fit(in_chunks(traffic.columns()), EMPTY, END, turns)

    assert len(found.index) >= 6
    assert found.index.digest == fitted(traffic).index.digest


@pytest.mark.parametrize(("public_words", "private_words"), [(12, 20), (20, 20), (30, 14)])
def test_a_private_template_under_a_public_one_is_told_from_it(
    traffic, public_words, private_words
):
    public, private = traffic.text(public_words), traffic.text(private_words)
    for reader in traffic.new(80, (1, 400)):
        for _ in range(4):
            traffic.say(reader, f"{public}\n{traffic.text(12)}")
    ring = traffic.new(12, (1, 5))
    for _ in range(40):
        day = traffic.rng.random() * 14
        for account in traffic.rng.sample(ring, 6):
            moment = day + traffic.rng.random() / 288
            traffic.say(account, f"{public}\n{private}\n{traffic.text(12)}", moment)

    found = fitted(traffic)

    rows = {row["cluster_id"]: row for row in found.statistics.clusters.to_pylist()}
    (shared,) = set(clusters_of(found, [f"{public}\n{traffic.text(12)}"]))
    (own,) = set(clusters_of(found, [f"{public}\n{private}\n{traffic.text(12)}"]))
    assert shared != own
    assert rows[own]["accounts"] == 12
    assert rows[own]["weight"] >= MIN_LINK_NATS > rows[shared]["weight"]


def test_a_very_short_template_before_a_short_question_is_found(traffic):
    template, ring, sent = traffic.text(6), traffic.new(12, (1, 5)), []
    for number in range(240):
        sent.append(f"{template} {traffic.text(5)}")
        traffic.say(ring[number % 12], sent[-1])

    found = fitted(traffic)

    assert share_of_most(found, sent) >= 0.95


def test_what_only_looks_wrapped_is_left_as_it_is():
    plain = ["h2o and co2 are not figures", "a\\theta + b", "x" * 80, "f" * 64 + " is a digest"]

    sketches = READER.sketches([*plain, "h2o and co2 are not names"])

    assert np.intersect1d(sketches[0], sketches[4]).size == 3
    assert all(len(one) for one in (sketches[0], sketches[1], sketches[3]))


def test_what_is_long_and_odd_is_read_in_time_that_grows_with_its_length():
    odd = ["1" * 6_000 + " a1b a1b a1b", "A" * 6_000 + "=", "\\" * 6_000, "&" * 6_000, " " * 6_000]
    READER.sketches(odd)
    started = time.process_time()

    READER.sketches(odd)

    spent = time.process_time() - started
    started = time.process_time()
    READER.sketches(["plain words " * 500] * len(odd))
    assert spent < 100 * (time.process_time() - started)
