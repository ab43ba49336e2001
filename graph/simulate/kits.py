# ruff: noqa: E501  (banks of sentences)
"""Prompt templates: public toolkits, and kits made up on the spot from banks of phrases.

A kit is what one author writes: several sibling templates with one house style of labels and
closing words. Honest products, batch jobs and evaluators get their kits here, and so do campaigns:
from the same banks, often the very same kit. Slots are named in braces; what fills them is
:mod:`graph.simulate.wording`'s, how a template is disguised :mod:`graph.simulate.paraphrase`'s.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from graph.errors import InputError
from graph.simulate.chance import Dice

PACKAGED_FAMILIES = Path(__file__).parent / "data" / "families.jsonl"

REPLY_TOKENS: Final[dict[str, int]] = {
    "cot": 900, "rubric": 140, "synth": 700, "sweep": 160, "agentic": 650, "censor": 260,
    "support": 180, "extract": 150, "translate": 260, "summary": 200, "review": 420, "copy": 350,
    "tutor": 480,
}  # fmt: skip
"""Median length of an answer by what the template wants."""


@dataclass(frozen=True, slots=True)
class Template:
    """One template: its sentences in order, what it is for, and where its instruction stands."""

    sentences: tuple[str, ...]
    intent: str
    lang: str = "en"
    in_system: bool = False


@dataclass(frozen=True, slots=True)
class Kit:
    """Sibling templates of one author."""

    name: str
    templates: tuple[Template, ...]


# [a|b] is a choice the kit's author makes once; {q} is a slot filled anew for every request.
_BANKS: Final[dict[str, tuple[str, ...]]] = {
    "cot": (
        "[Lay out|Write down|Spell out] the [whole|entire|full] [line of thought|deduction|path] that [leads|gets you] from the [problem|exercise] to its [result|outcome].",
        "[Number|Label|Tag] [each|every] [inference|move|deduction] and [name|cite|state] the [rule|fact|lemma] it [rests on|uses|needs].",
        "[Try|Explore|Consider] [two|three|several] [routes|strategies|attacks], [abandon|discard|drop] the weak ones and say why they fail.",
        "[Reveal|Show|Include] [hesitations|wrong turns|second thoughts] [the way|as|just as] a [patient|careful|seasoned] expert would [mutter|note|voice] them.",
        "[Check|Verify|Test] the [final|closing] [value|claim|statement] by [a different|an independent] [method|calculation] before you [commit|finish].",
        "The [trace|derivation|rationale] must be [self-contained|complete on its own] and at least [200|300|400|600] words [long|in length].",
        "[Start|Begin] by [restating|rephrasing] what is [given|known] and what is [wanted|asked for].",
        "[Never|Do not] [jump|skip] [ahead|steps]; [a reader|a student|another model] must be able to [replay|follow] every [line|stage].",
    ),
    "rubric": (
        "[You mark|You are marking|Your job is to mark] [answers|replies|submissions] for a [blind|double-blind|large] [comparison|assessment|study].",
        "[Award|Assign|Give] an integer from [0 to 4|1 to 5|1 to 7|0 to 10] for each of: {crit}.",
        "[Quote|Point at|Copy] the [phrase|passage|span] that [cost|lost] the [answer|reply] most [points|marks].",
        "[Ignore|Disregard|Pay no heed to] [length|politeness|formatting] and [reward|favour|prefer] [substance|accuracy|truth].",
        "[Decide|Say|Choose] which of the two [candidates|drafts|replies] [serves|helps] the [asker|reader|person] better, or [declare|call] a draw.",
        "[Justify|Defend|Explain] the [mark|verdict|score] in [one sentence|at most two sentences|under thirty words].",
        "[If|When|Where] the [reply|answer] [invents|fabricates] a [fact|source|figure], the [total|sum] is [capped|limited] at [one|two|three].",
        "[Calibrate|Anchor] [yourself|your scale]: a [mediocre|typical|middling] [reply|answer] [deserves|earns] the [middle|midpoint] of the scale.",
    ),
    "synth": (
        "[Invent|Devise|Compose] {n} [fresh|new|unseen] [exercises|requests|tasks] [about|touching|around] {topic}, [each|every one] [answerable|solvable] without [tools|lookups].",
        "[Vary|Mix|Alternate] [tone|register|voice], [difficulty|hardness] and [audience|reader] from one [item|entry] to the next.",
        "[Ground|Base|Root] every [item|entry] in the [excerpt|source|material] below and [nothing else|no other knowledge].",
        "[Pair|Match] each [item|question] with a [worked|model|complete] [solution|reply] that a [tutor|specialist|teacher] would [sign|approve].",
        "[Avoid|Shun|Skip] [near duplicates|repeated openings|stock phrases]; no two [items|entries] may [begin|start] with the same [verb|word].",
        "[Make|Turn] the [seed|original] [request|task] [harder|more demanding] by [adding|imposing] [a constraint|a second condition|an edge case].",
        "[Write|Draft] the [dialogue|exchange] between a [curious|confused|demanding] [client|user] and a [helpful|precise] assistant, {n} turns [long|in all].",
        "[Emit|Print|Return] one [JSON|YAML] [object|record] per [item|line] with the keys [task, input, output|prompt, completion|question, answer, level].",
    ),
    "sweep": (
        "[Answer|Solve|Settle] the [item|exam question|test item] [below|that follows] and [state|report] only the [choice|final answer|result].",
        "[Finish|End|Close] with a line that [reads|says] [FINAL|RESULT|CHOICE]: and [nothing after it|no further words].",
        "[Rate|State|Give] your [certainty|confidence] between 0 and [1|10|100].",
        "[Treat|Take] the [item|question] as part of a [timed|closed-book|standard] [exam|test] in {dom}.",
        "[No|Give no|Leave out any] [preamble|apology|commentary]; the [grader|parser|script] reads the [last|final] line only.",
        "[Item|Record|Case] {id} of the [held-out|evaluation|public] split.",
    ),
    "agentic": (
        "[You operate|You drive|You control] a [sandbox|workspace|terminal] through [calls|commands] and see [one|a single] [result|observation] at a time.",
        "[Print|Emit|Log] [Plan|Intent], [Call|Command] and [Observation|Outcome] for every step until the [goal|objective] is [met|reached].",
        "[After|Following] each [observation|result], [reconsider|revise|update] the [plan|approach] in [one line|a sentence].",
        "[You may use|At your disposal are|Permitted are] {tool} and [nothing more|no other tools].",
        "[Recover|Proceed sensibly] when a [call|command] [fails|errors]: [diagnose|explain] the [cause|reason], then [retry|try another way].",
        "[Close|End] with a [summary|report] of what [changed|was done] and what [remains|is left].",
        "[Decompose|Split|Break] the [goal|job|objective] into [milestones|sub-goals] [before|prior to] the first [call|command].",
    ),
    "censor": (
        "[Recast|Reframe|Reword] the [message|query|question] so that a [cautious|strict|regional] [moderator|reviewer] would [pass|accept] it.",
        "[Answer|Respond to] the [softened|reworded|neutral] [version|form] in [three|two|four] [polite|calm] sentences.",
        "[Mention|Name] no [officials|parties|protests] and [offer|suggest] an [unrelated|innocent] [subject|topic] instead.",
        "[Mark|Flag|Tag] every [phrase|word] that [could|might] [offend|alarm] a [regulator|censor].",
        "[Subject|Matter] of the [message|query]: {sens}",
    ),
    "support": (
        "You [answer|reply to] [customers|clients|users] of a [shop|bank|travel agency|utility|clinic] [politely|warmly|briefly].",
        "[Never|Do not] [promise|offer] a refund; [point|direct] people to the [help centre|form|hotline] [instead|when unsure].",
        "[Use|Write in] the [language|tongue] of the [customer|message].",
        "[Ask|Request] for the [order|booking|ticket] number if it is [missing|absent].",
        "[Escalate|Hand over] [legal|medical|angry] [matters|cases] to a [person|colleague].",
    ),
    "extract": (
        "[Pull|Extract|Collect] [names, dates and amounts|parties and deadlines|skills and employers|symptoms and doses] from the [text|document|record].",
        "[Return|Output] [compact|valid|strict] JSON with [lower-case|snake_case] keys.",
        "[Use|Write] null where the [text|source] [is silent|says nothing].",
        "[Keep|Preserve] the [spelling|wording] of the [source|original].",
    ),
    "translate": (
        "[Translate|Render|Put] the [text|passage|message] into [natural|plain|formal] {lang}.",
        "[Keep|Leave] [names|product names|numbers|markup] [as they are|untouched].",
        "[Prefer|Choose] [short|idiomatic] sentences and [add|give] no [notes|comments].",
    ),
    "summary": (
        "[Summarise|Condense|Shorten] the [text|thread|report|transcript] [for a busy reader|for the board|for a newcomer] in [three|four|five] [bullets|sentences].",
        "[Lead|Open] with the [decision|result|conclusion].",
        "[List|Name] [open points|owners|risks] at the end, if [any|there are any].",
    ),
    "review": (
        "[Review|Inspect|Check] the [change|patch|function] as a [strict|kind|senior] [colleague|maintainer].",
        "[Name|List] [bugs|defects] first, then [style|naming], then [missing|absent] tests.",
        "[Suggest|Propose] a [fix|rewrite] for [each|every] [finding|problem] in [one|a single] [line|snippet].",
    ),
    "copy": (
        "[Write|Draft] [a product text|an advert|a newsletter|a post] for {persona} in a [friendly|bold|dry] [tone|voice].",
        "[Stay|Keep] under [80|120|150] words and [end|close] with a [question|call to action].",
        "[Mention|Include] the [benefit|price|offer] [once|twice].",
    ),
    "tutor": (
        "[Help|Guide|Coach] a [pupil|student|learner] through the [exercise|task] without [giving away|revealing] the [answer|solution].",
        "[Ask|Pose] one [question|hint] at a time and [praise|acknowledge] [progress|good steps].",
        "[Use|Take] [examples|analogies] from [daily life|sports|cooking].",
    ),
}  # fmt: skip
_BODY: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "cot": (("question", "{q}"), ("reference", "{r}")),
    "rubric": (("task", "{q}"), ("reply", "{r}"), ("other reply", "{r2}")),
    "synth": (("seed", "{q}"), ("excerpt", "{ctx}")),
    "sweep": (("item", "{bench}"),),
    "agentic": (("goal", "{q}"),),
    "censor": (("message", "{q}"),),
    "support": (("message", "{q}"),),
    "extract": (("text", "{ctx}"),),
    "translate": (("text", "{q}"),),
    "summary": (("text", "{ctx}"),),
    "review": (("code", "{qc}"),),
    "copy": (("product", "{topic}"),),
    "tutor": (("exercise", "{qm}"),),
}
_LABELS: Final = (
    "{0}: {1}", "### {0}\n{1}", "<{0}>\n{1}\n</{0}>", "[{0}] {1}", "{0} >>> {1}", "** {0} **\n{1}",
    "-- {0} --\n{1}", "{0} = \"\"\"{1}\"\"\"", "#{0}#: {1}", "|{0}| {1}",
)  # fmt: skip
CAMPAIGN_INTENTS: Final = ("cot", "rubric", "synth", "sweep", "agentic", "censor")
PRODUCT_INTENTS: Final = ("support", "extract", "translate", "summary", "review", "copy", "tutor")
_CHOICE = re.compile(r"\[([^\[\]]+\|[^\[\]]+)\]")


def _spun(dice: Dice, sentence: str) -> str:
    return _CHOICE.sub(lambda found: dice.choice(found.group(1).split("|")), sentence)


def written_kit(dice: Dice, name: str, intent: str, siblings: int = 1) -> Kit:
    """A kit nobody has seen: sibling templates of one intent in one house style."""
    label = dice.choice(_LABELS)
    upper = dice.chance(0.4)
    bank = _BANKS[intent]
    last = dice.choice(bank)
    closing, bank = _spun(dice, last), tuple(sentence for sentence in bank if sentence != last)
    in_system = dice.chance(0.35)
    made = []
    for _ in range(siblings):
        picked = dice.sample(bank, min(len(bank), dice.randint(2, 3)))
        head = tuple(_spun(dice, sentence) for sentence in picked)
        fields = _BODY[intent][: dice.randint(1, len(_BODY[intent]))]
        body = tuple(label.format(n.upper() if upper else n.capitalize(), s) for n, s in fields)
        made.append(Template((*head, *body, closing), intent, in_system=in_system))
    return Kit(name, tuple(made))


def _family(row: dict[str, Any]) -> tuple[Template, ...]:
    if row["rewordings"]:
        return tuple(Template((text,), row["intent"]) for text in row["variants"])
    sentences = tuple(
        sentence.replace("{{", "{").replace("}}", "}") for sentence in row["sentences"]
    )
    lang = "zh" if any("一" <= c <= "鿿" for s in sentences for c in s) else "en"
    return (Template(sentences, row["intent"], lang),)


def public_kits(dice: Dice, path: Path | None = None) -> list[Kit]:
    """The toolkits everybody can download: families of a file, grouped by intent, and made ones.

    Raises:
        InputError: if the file is not JSON Lines of families.
    """
    groups: dict[str, list[Template]] = {}
    try:
        for line in (path or PACKAGED_FAMILIES).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            groups.setdefault(f"{row['origin']}/{row['intent']}", []).extend(_family(row))
    except (KeyError, ValueError) as exc:
        raise InputError("the families file is not JSON Lines of template families") from exc
    kits: list[Kit] = []
    for name, templates in sorted(groups.items()):
        firsts = range(0, len(templates), 4)
        kits.extend(Kit(f"{name}/{i}", tuple(templates[i : i + 4])) for i in firsts)
    for number in range(8):
        intent = dice.choice(CAMPAIGN_INTENTS)
        kits.append(written_kit(dice, f"public/{number}", intent, dice.randint(2, 5)))
    return kits
