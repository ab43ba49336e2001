"""A document that goes round under many templates is none; a template under another one is."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from etl.prompts.columns import PromptColumns
from etl.prompts.fit import fit, in_chunks
from etl.prompts.values import Carried, without_values
from graph.prompts import ClusterIndex, Fingerprinter

TEMPLATES, EACH, CARRYING = 4, 30, 4
DOCUMENT = range(80, 110)
MARKS = Fingerprinter(b"a key for tests, no secret")


def own(number: int) -> range:
    """The shingles of a template."""
    return range(20 * number, 20 * number + 20)


def scene(carried_by: list[int]) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Four templates of thirty prompts, and a document's prompts under those that carry it.

    What shows what, whose each prompt is (all strangers), and the groups, the document's the last.
    """
    rows = [[*own(n)] for n in range(TEMPLATES) for _ in range(EACH)]
    rows += [[*own(n), *DOCUMENT] if n >= 0 else [*DOCUMENT] for n in carried_by]
    dense = np.zeros((len(rows), 110), np.float32)
    for i, shown in enumerate(rows):
        dense[i, shown] = 1.0
    group = np.append(np.repeat(np.arange(TEMPLATES), EACH), [TEMPLATES] * len(carried_by))
    return csr_matrix(dense), np.arange(len(rows)), group


def test_what_strangers_send_under_templates_of_their_own_is_no_template():
    shown, owner, group = scene([0, 0, 0, 1, 1, 1, 2, 2, 3, -1])

    found = without_values(shown, owner, group, Carried())

    assert np.array_equal(found[: TEMPLATES * EACH], group[: TEMPLATES * EACH])
    assert (found[TEMPLATES * EACH :] == -1).all()


@pytest.mark.parametrize(
    "carried_by",
    [
        [0] * 10,  # a private template under a public one
        [0] * 7 + [1, 2, 3],  # nearly so
        [0, 1] * 5,  # under two
        [0, 1, 2, 3] + [-1] * 6,  # mostly by itself
        [0, 1, 2, 3] * 6,  # so often that half of what would carry it shows it
    ],
)
def test_a_template_under_another_one_or_by_itself_stays(carried_by):
    shown, owner, group = scene(carried_by)

    assert np.array_equal(without_values(shown, owner, group, Carried()), group)


def test_a_document_that_accounts_carry_from_template_to_template_is_one_hands():
    shown, owner, group = scene([0, 1, 2, 3] * 3)
    owner[-12:] = [1000, 1000, 1001, 1001] * 3

    assert np.array_equal(without_values(shown, owner, group, Carried()), group)


def test_groups_are_numbered_from_nought_again():
    shown, owner, group = scene([0, 1, 2, 3] * 2)
    group = np.where(group == TEMPLATES, 0, group + 1)  # the document's group is the first

    found = without_values(shown, owner, group, Carried())

    assert set(found.tolist()) == {-1, 0, 1, 2, 3}


def test_prompts_about_a_document_that_goes_round_are_found_by_their_templates():
    chance = np.random.default_rng(3)
    words = ["".join(chance.choice([*"aeioulmnrst"], 7)) for _ in range(4_000)]
    texts, truth = [], []
    long = " ".join(chance.choice(words, 120))
    for number in range(4):
        asks = " ".join(chance.choice(words, 40))
        for n in range(60):
            about = long if n % 10 == 0 else " ".join(chance.choice(words, 120))
            texts.append(f"{asks}\n{about}")
            truth.append(number)
    sketches = MARKS.sketches(texts)
    at = np.arange(len(texts), dtype=np.int64)
    prompts = PromptColumns.of(np.arange(len(texts)), at, sketches)

    index = fit(in_chunks(prompts), ClusterIndex.empty("tests"), len(texts)).index
    found = index.assign_many(sketches).cluster

    assert len(index) == 4
    assert all(len(set(found[np.array(truth) == number])) == 1 for number in range(4))
