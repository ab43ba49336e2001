"""Prompts as keyed sketches: read alike whatever the disguise, and found in an index."""

import numpy as np
import pyarrow as pa
import pytest

from graph.errors import BundleCorrupt, KeyMissing, KeyRefused
from graph.prompts import ClusterIndex, Fingerprinter, Marker, sketches_of
from graph.prompts.intent import INTENTS, shipped
from graph.prompts.kernel import siphash
from graph.prompts.language import language_of
from graph.prompts.prefixes import turns
from graph.prompts.redact import read_words, redacted
from graph.prompts.weigh import MIN_LINK_NATS, ClusterFigures, weigh

KEY = b"a key of the tests, 32 bytes long"
TEMPLATE = "Rate the answer below from one to ten and name every mistake that you find in it."
AWKWARD = [
    "",
    "two words",
    "你好，世界！ mixed 文字 text 12,345",
    "naïve café — “quoted” don't 99.5% a1b22",
    "ภาษาไทย ไม่มีช่องว่าง",
    "x" * 20_000,
    "word " * 5_000,
    "\ud800 lone surrogate here now",
    "emoji 🎉🎉 between 🎈 words \u200bzero\u200b width",
]


@pytest.fixture(scope="module")
def reader() -> Fingerprinter:
    return Fingerprinter(KEY)


@pytest.fixture
def index(reader) -> ClusterIndex:
    mine = reader.sketch(TEMPLATE)
    other = reader.sketch("Translate the sentence that follows into plain French without notes.")
    shingles = np.concatenate([mine, other])
    order = np.argsort(shingles)
    owner = np.repeat(np.array([0, 1], np.int32), [len(mine), len(other)])[order]
    accounts = np.full(len(shingles), 7, np.uint32)
    return ClusterIndex(shingles[order], owner, accounts, ("pc-a", "pc-b"), reader.key_id, 5)


def test_siphash_gives_the_reference_vectors():
    key = np.frombuffer(bytes(range(16)), "<u8").copy()
    eight = np.frombuffer(bytes(range(8)), "<u8").copy()

    assert siphash(eight, 0, 0, key) == 0x726FDB47DD0E0E31
    assert siphash(eight, 0, 1, key) == 0x93F5F5799A932462


@pytest.mark.parametrize(
    "disguised",
    [
        TEMPLATE.upper(),
        TEMPLATE.replace("a", "а").replace("e", "е"),
        TEMPLATE.replace("answer", "an\u200bswer").replace(" ", "\u00a0\n"),
        TEMPLATE.replace("Rate", "Ｒａｔｅ").replace("mistake", "místàke"),
        "«" + TEMPLATE.replace(" ", " - ") + "»",
    ],
)
def test_a_disguised_prompt_has_the_sketch_of_the_plain_one(reader, disguised):
    assert np.array_equal(reader.sketch(disguised), reader.sketch(TEMPLATE))


def test_numbers_are_read_alike(reader):
    one, other = (reader.sketch(f"give me {n} questions on this topic") for n in (3, 12_000))

    assert np.array_equal(one, other)


def test_a_batch_gives_the_sketches_of_single_prompts(reader):
    texts = [*AWKWARD, None]
    batch = reader.sketches(texts)

    for i, text in enumerate(texts):
        assert np.array_equal(batch[i], reader.sketch(text))
    arrow = reader.sketches(pa.array([TEMPLATE, None]))
    assert np.array_equal(arrow[0], reader.sketch(TEMPLATE))
    assert len(arrow[1]) == 0


def test_a_sketch_is_bounded_distinct_and_ascending(reader):
    words = " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}" for i in range(4_000))

    sketch = reader.sketch(words)

    assert 0 < len(sketch) <= 766
    assert (sketch[1:] > sketch[:-1]).all()


def test_the_end_of_a_long_prompt_counts(reader):
    document = " ".join(f"filler {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)) * 4

    shared = np.isin(reader.sketch(TEMPLATE), reader.sketch(document + "\n\n" + TEMPLATE))

    assert shared.all()


def test_another_key_gives_another_sketch(reader):
    other = Fingerprinter(KEY[::-1])

    assert not np.isin(other.sketch(TEMPLATE), reader.sketch(TEMPLATE)).any()
    assert other.key_id != reader.key_id


def test_a_short_key_is_refused_and_never_shown():
    with pytest.raises(KeyMissing, match="at least 16"):
        Fingerprinter(b"short")
    assert KEY.decode() not in repr(Fingerprinter(KEY))


def test_an_opening_is_found_in_the_event_and_in_the_text(reader):
    system = "You are a careful judge of essays that students wrote in haste."
    first = "Here is the first essay, please tell me what you think of it."
    chat = f"System: {system}\nUser: {first}\nAssistant: It is fine.\nUser: And this one?"

    assert reader.prefixes(system, first, 1) == reader.prefixes(None, chat, 5)
    assert reader.prefixes(system, "And this one?", 5) == (reader.digest(system), 0)
    assert 0 not in reader.prefixes(system, first, 1)


def test_everyday_openings_have_no_digest(reader):
    assert reader.prefixes("You are a helpful assistant.", "hi", 1) == (0, 0)


def test_an_essay_with_one_speaker_is_no_conversation():
    assert turns("System: a set of parts.\nSystem: also a band.") == []


def test_a_mark_keeps_no_word_of_the_text(reader):
    mark = Marker(reader).mark_of(TEMPLATE, None, 1)

    assert "mistake" not in repr(mark)
    assert np.array_equal(mark.shingles, reader.sketch(TEMPLATE))
    assert np.array_equal(sketches_of([mark, mark])[1], mark.shingles)
    assert (mark.language, mark.words, len(mark.intent)) == ("en", 17, len(INTENTS))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("请给出下面词语的同义词", "zh"),
        ("Wie kann ich das mit dem Auto und der Bahn tun", "de"),
        ("¿Cómo se hace el pan en los hornos de la casa?", "es"),
        ("xq zzv", "und"),
    ],
)
def test_the_language_is_told_by_script_or_common_words(reader, text, language):
    assert language_of(text, reader.words(text)) == language


def test_the_shipped_intent_model_tells_grading_from_small_talk(reader):
    model = shipped()
    grading = model.logits(reader.words("You are a strict judge. Score the response from 1 to 10."))
    talk = model.logits(reader.words("what is a good place to eat in town tonight"))

    margin = INTENTS.index("reward_grading"), INTENTS.index("ordinary")
    assert grading[margin[0]] - grading[margin[1]] > talk[margin[0]] - talk[margin[1]]
    assert np.isfinite(model.probabilities(np.zeros((3, 7), np.float32))).all()
    assert np.isfinite(model.logits(reader.words(""))).all()


def test_a_prompt_goes_to_the_cluster_whose_words_it_has(reader, index):
    found = index.assign(reader.sketch("Hello. " + TEMPLATE + " The answer: forty two, I think."))

    assert found.cluster_id == "pc-a"
    assert found.votes == len(reader.sketch(TEMPLATE))
    assert index.assign(reader.sketch("nothing of the kind is said in here")).cluster_id is None
    assert index.assign(reader.sketch("")).cluster_id is None


def test_a_batch_votes_like_single_prompts(reader, index):
    texts = [TEMPLATE, "Rate the answer", *AWKWARD]

    many = index.assign_many(reader.sketches(texts))

    for i, text in enumerate(texts):
        one = index.assign(reader.sketch(text))
        assert (index.ids[many.cluster[i]] if many.cluster[i] >= 0 else None) == one.cluster_id
        assert many.votes[i] == one.votes


def test_an_index_comes_back_as_it_was_saved(index, tmp_path):
    index.save(tmp_path / "index.npz")

    loaded = ClusterIndex.load(tmp_path / "index.npz", index.key_id)

    assert (loaded.digest, loaded.ids, loaded.as_of) == (index.digest, index.ids, index.as_of)
    with pytest.raises(KeyRefused):
        ClusterIndex.load(tmp_path / "index.npz", "another")


def test_a_damaged_index_is_refused(index, tmp_path):
    path = tmp_path / "index.npz"
    index.save(path)
    content = bytearray(path.read_bytes())
    at = content.find(np.asarray(index.shingles).tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    (tmp_path / "text.npz").write_text("not an index")

    for damaged in (path, tmp_path / "text.npz", tmp_path / "none.npz"):
        with pytest.raises(BundleCorrupt):
            ClusterIndex.load(damaged)


def test_an_index_with_a_swapped_column_is_refused(index, tmp_path):
    path = tmp_path / "index.npz"
    index.save(path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **{**arrays, "owner": 1 - arrays["owner"]})

    with pytest.raises(BundleCorrupt, match="digest"):
        ClusterIndex.load(path)


def test_words_are_read_alike_for_hashing_and_for_showing(reader):
    for text in [*AWKWARD, TEMPLATE]:
        assert len(read_words(text)) == len(reader.words(text))


def test_a_template_shows_only_what_enough_accounts_sent(reader, index):
    text = "secretname " + TEMPLATE + " Employee Maria Canary, card 4111."

    assert redacted(text, reader, index, "pc-a") == f"… {' '.join(read_words(TEMPLATE))} …"
    assert redacted(text, reader, index, "pc-a", min_accounts=8) is None
    assert redacted(text, reader, index, "pc-b") is None


RARE = {
    "accounts": 12, "population": 9_000, "prompts": 900, "median_prompts": 70.0, "top_share": 0.1,
    "distinct_share": 0.9, "burst": 0.2, "established": 0, "known_age": 12, "ordinary": 0.1,
    "population_established": 0.6, "lockstep": 20.0,
}  # fmt: skip


def test_a_rare_new_cluster_links_and_says_so():
    weight = weigh(ClusterFigures(**RARE))

    assert weight.nats > MIN_LINK_NATS
    assert weight.why.startswith("rare and new: 12 of 9,000")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"established": 6}, "public template"),
        ({"accounts": 5_000, "known_age": 5_000}, "common"),
        ({"top_share": 0.95}, "one account"),
        ({"distinct_share": 0.05}, "one text passed on"),
        ({"median_prompts": 1.0}, "says little"),
        ({"median_prompts": 4.0, "burst": 0.8}, "an exercise"),
    ],
)
def test_a_cluster_that_ties_nobody_says_why(change, why):
    weight = weigh(ClusterFigures(**{**RARE, **change}))

    assert weight.nats < MIN_LINK_NATS
    assert weight.why.startswith(why)


def test_one_bought_account_does_not_acquit_a_ring():
    weight = weigh(ClusterFigures(**{**RARE, "established": 1}))

    assert weight.nats > MIN_LINK_NATS
