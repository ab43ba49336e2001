"""Prompts to teach and to test the intent model with, cluster by cluster.

A cluster is what is judged: prompts of one template at one level of disguise. Campaigns come from
families and, for teaching only, from sentences written for each intent and put together by chance;
honest clusters are forms that one application sends and templates that many people copy, disguised
just as campaigns are: where only one side carries typos, typos are what is learnt. Knows nothing of
the model. Read :mod:`etl.prompts.intent` next.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from etl.bench.prompt_noise import LEVELS, dressed
from etl.bench.prompt_streams import FORM, Corpus, Family, forms, planted
from graph.prompts.intent import INTENTS, ORDINARY

MEANS = {
    "cot": "reasoning_elicitation",
    "rubric": "reward_grading",
    "grade": "reward_grading",
    "synth": "synthetic_data",
    "evol": "synthetic_data",
    "qa": "synthetic_data",
    "persona": "synthetic_data",
    "sweep": "capability_sweep",
    "agentic": "agentic_trajectory",
    "tool": "agentic_trajectory",
    "censor": "sensitive_rewriting",
    "cens": "sensitive_rewriting",
}
"""Which intent a family's own word for it means."""
PROMPTS = 12
"""Prompts of a cluster that are looked at."""
COMPOSED = 600
"""Prompts put together from sentences, for each intent."""
_LAYOUTS = (
    "{q}", "{q}", "Question: {q}\nAnswer: {r}", "{ctx}", "Input: {q}", "{q}\n{r}\n{r2}", "",
)  # fmt: skip
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Cluster:
    """Prompts of one template: ``intent`` as a number in INTENTS, ``name`` of the template."""

    name: str
    intent: int
    texts: tuple[str, ...]


def wordings() -> Mapping[str, Sequence[str]]:
    """Sentences by intent that were written to teach the model; none is of a planted family."""
    content = files("etl").joinpath("wordings/intent.json").read_text("utf-8")
    found: Mapping[str, Sequence[str]] = json.loads(content)
    return found


def part(corpus: Corpus, fold: int, folds: int) -> tuple[Corpus, Corpus]:
    """The corpus without one of ``folds`` parts, and that part: no text stands in both."""

    def cut(texts: tuple[str, ...], mine: bool) -> tuple[str, ...]:
        return tuple(text for i, text in enumerate(texts) if (i % folds == fold) == mine)

    rest, held = (
        Corpus(cut(corpus.slots, mine), cut(corpus.passages, mine), cut(corpus.traffic, mine))
        for mine in (False, True)
    )
    return rest, held


def campaigns(families: Sequence[Family], corpus: Corpus, rng: random.Random) -> Iterator[Cluster]:
    """Every family at levels 1 to 3, or its rewordings together."""
    for family in families:
        for level in (4,) if family.variants else (1, 2, 3):
            prompt = planted(family, level, corpus, rng)
            texts = tuple(prompt() for _ in range(PROMPTS))
            yield Cluster(family.name, INTENTS.index(MEANS[family.intent]), texts)


def composed(corpus: Corpus, rng: random.Random, number: int = COMPOSED) -> Iterator[Cluster]:
    """So many prompts for each intent, each of sentences and slots drawn anew."""
    for intent, sentences in wordings().items():
        for _ in range(number):
            drawn = rng.sample(list(sentences), rng.choice((1, 2, 2, 3, 4)))
            drawn.insert(rng.randrange(len(drawn) + 1), rng.choice(_LAYOUTS))
            family = Family("composed", intent, tuple(drawn))
            text = planted(family, rng.choice((1, 2, 3)), corpus, rng)()
            yield Cluster("composed", INTENTS.index(intent), (text,))


def honest(corpus: Corpus, rng: random.Random, number: int) -> Iterator[Cluster]:
    """The forms of the traffic, and ``number`` templates that people copied from each other."""
    for name, texts in forms(corpus.traffic).items():
        if len(texts) >= FORM:
            yield Cluster(f"form {name}", ORDINARY, _disguised(texts[:PROMPTS], corpus, rng))
    bodies = [text.split() for text in corpus.traffic if len(text.split()) >= _SHORTEST]
    for words in rng.sample(bodies, min(number, len(bodies))):
        body = " ".join(words[: rng.randrange(20, 90)])
        slots = [rng.choice(corpus.slots) for _ in range(PROMPTS)]
        order = rng.choice(("{0}\n{1}", "{1}\n{0}"))
        texts = [order.replace("{0}", body).replace("{1}", slot) for slot in slots]
        yield Cluster(f"public {body[:40]}", ORDINARY, _disguised(texts, corpus, rng))


def singles(corpus: Corpus, rng: random.Random) -> Iterator[Cluster]:
    """Every prompt of the traffic by itself."""
    for text in corpus.traffic:
        yield Cluster("single", ORDINARY, _disguised([text], corpus, rng))


def _disguised(texts: Sequence[str], corpus: Corpus, rng: random.Random) -> tuple[str, ...]:
    level = LEVELS[rng.choice((1, 2, 3))]
    return tuple(
        dressed(text, level, (rng.choice(corpus.slots), rng.choice(corpus.slots)), rng)
        for text in texts
    )
