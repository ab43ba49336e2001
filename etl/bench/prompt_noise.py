"""How a campaign disguises its template: the levels of edit that the prompt benchmark plants.

Level 1 fills slots. Level 2 adds synonyms (12 % of the words that have one), phrase swaps, shuffled
and dropped sentences, prefixes and suffixes. Level 3 does all of it harder and wraps prompts in
unrelated text or JSON, with typos, homoglyphs and zero-width characters. Level 4, independent
rewordings, is in the families' own variants. Knows nothing of sketches or clusters: whoever tunes
the clusterer must not be able to tune this. Read :mod:`etl.bench.prompt_streams` next.
"""

import json
import random
import re
from dataclasses import dataclass

_SYNONYMS = """
answer reply response | answers replies responses | question query | questions queries | write
compose draft | create make produce build | generate produce craft | give provide supply offer |
given provided supplied | following below subsequent | explain clarify describe | explanation
account justification | evaluate assess appraise | evaluation assessment appraisal | rate score
grade | rating score mark grade | compare contrast weigh | choose select pick | best finest top
| better superior stronger | good sound decent | bad poor weak | quality standard caliber |
accurate precise exact | accuracy precision exactness | correct right valid | correctness
validity | incorrect wrong mistaken | error mistake fault | errors mistakes faults | complete
full entire | comprehensive thorough extensive | concise brief succinct | short brief compact |
long lengthy extended | detailed elaborate thorough | detail particular | task assignment job |
tasks assignments jobs | instruction directive command | instructions directives orders |
problem exercise puzzle | solution answer resolution | solve work | step stage | steps stages |
reasoning thinking logic | rationale justification grounds | think contemplate reflect | thought
idea | consider weigh contemplate | determine decide establish | identify recognize spot | find
locate discover | check verify confirm | verify check confirm | ensure guarantee secure |
include contain incorporate | contains includes holds | avoid skip omit | only solely just |
must should shall | should ought must | each every | all every | any some | several multiple
various | diverse varied different | different distinct other | new fresh novel | original
initial first | final last closing | first initial | last final | next following | example
sample instance | examples samples instances | text passage writing | passage excerpt text |
document file paper | information data details | content material matter | context background
setting | topic subject theme | subject topic matter | domain field area | area field region |
list enumerate itemize | format layout form | output result outcome | outputs results outcomes |
input entry | return give yield | respond reply answer | state declare say | say state tell |
tell inform | show display present | shown displayed | user person customer | assistant helper
aide | model system | person individual human | expert specialist | helpful useful valuable |
helpfulness usefulness value | relevant pertinent related | relevance pertinence | clear plain
lucid | clearly plainly | specific particular precise | important significant key | key main
vital | main principal chief | major principal main | simple easy plain | easy simple |
difficult hard tough | hard tough | difficulty hardness | complex intricate complicated |
possible feasible | necessary required needed | need require | requires needs demands | required
needed necessary | use employ utilize | using employing | used employed | based founded built |
follow obey observe | follows obeys | without lacking | within inside | between among | about
concerning regarding | above preceding earlier | below beneath under | before prior | after
following | then afterwards next | now presently | also additionally too | because since as |
however nevertheless | therefore thus hence | if provided whether | when whenever | very highly
extremely | more further additional | most highest | least lowest | carefully attentively
closely | strictly rigorously | directly straight | briefly shortly | fully wholly entirely |
exactly precisely | really truly | imagine suppose assume | pretend act | rewrite rephrase
reword | rephrase reword restate | summary synopsis digest | summarize condense | translate
render | convert transform turn | change alter modify | add append insert | remove delete strip
| replace substitute swap | keep retain preserve | begin start commence | start begin | end
finish conclude | stop halt | continue proceed | read study | review inspect examine | analyze
examine study | analysis examination study | compose write | design devise | plan scheme |
describe depict portray | discuss debate | argue contend | argument case | evidence proof
support | support back | claim assertion statement | statement assertion remark | fact truth |
facts truths | reference source | judge referee arbiter | impartial neutral fair | objective
unbiased impartial | fair just equitable | preferred favored chosen | criteria standards
measures | criterion standard measure | rubric scale guide | scale range | points marks | point
mark | level degree tier | rank order | ranking ordering | feedback comments remarks | comment
remark note | critique criticism | strengths merits virtues | weaknesses flaws shortcomings |
issue problem concern | issues problems concerns | goal aim purpose | purpose aim intent |
reason cause | result outcome | effect impact | way manner method | method approach technique |
approach method | style manner tone | tone manner voice | language tongue | word term | words
terms | phrase expression | sentence line | sentences lines | paragraph section | title heading
| story tale | letter note | code program | function routine | tool instrument utility | tools
instruments utilities | call invoke | calls invocations | action step move | agent operator
actor | environment setting surroundings | request demand ask | requests demands asks | prompt
request | conversation dialogue chat | dialogue conversation | turn round | role part | persona
character | character figure | hidden concealed internal | internal inner | inner internal |
completed finished | produced generated made | likely probable | real actual genuine | actual
real | true real | false untrue | large big huge | small little minor | great excellent superb |
number figure count | amount quantity | many numerous | few handful | two couple | single sole |
unique distinct singular | similar alike comparable | same identical | common usual frequent |
typical usual | public open | private personal | sensitive delicate touchy | safe harmless |
harmful damaging | appropriate suitable fitting | suitable fitting proper | proper fitting |
acceptable permissible | please kindly | want wish desire | like as | help assist aid | helps
assists | learn study | understand grasp comprehend | understanding grasp comprehension | know
recognize | knowledge learning | ability capacity skill | skill ability | teach instruct |
student pupil learner | students pupils learners | teacher instructor tutor | textbook manual
handbook | chapter section unit | respuesta contestación réplica | pregunta cuestión consulta |
ejemplo muestra caso | texto escrito pasaje | proporcionado dado facilitado | siguiente próximo
posterior | formato forma esquema | información datos detalles | genera produce crea | responde
contesta replica | evalúa valora juzga | evita elude omite | debe tiene | models systems |
provides gives offers | result outcome | job task | data records | query search | description
portrayal account | would could | which that | here below | can may | provide give deliver |
while although | often frequently | want need
"""

PHRASES = (
    ("step by step", "one step at a time", "in order, stage by stage", "working through each step"),
    ("you are a", "act as a", "you will play a", "assume the role of a"),
    ("you are an", "act as an", "you will play an", "assume the role of an"),
    ("your task is to", "your job is to", "what you have to do is", "you are asked to"),
    ("please", "kindly", "if you would,", "i ask you to"),
    ("make sure", "be sure", "take care", "see to it"),
    ("do not", "don't", "never", "refrain from any attempt to"),
    ("based on", "on the basis of", "going by", "drawing on"),
    ("in the form of", "shaped as", "laid out as", "as"),
    ("the following", "the below", "this", "the subsequent"),
    ("on a scale of", "on a scale running", "from", "in the range"),
    ("as well as", "and also", "along with", "together with"),
    ("such as", "for example", "for instance", "like"),
    ("in order to", "so as to", "to", "with the aim to"),
    ("a set of", "a group of", "a collection of", "some"),
    ("at least", "no fewer than", "a minimum of", "not less than"),
    ("at most", "no more than", "a maximum of", "up to"),
    ("whether or not", "if", "whether", "if or not"),
)
_PREFIXES = (
    "Hi!", "Hello,", "Quick one:", "Task for today.", "New item.", "Next.", "OK, continue.",
    "Thanks, that was great.", "Ref {n}.", "[job {n}]", "Batch {n} / item {n}", "Ticket {n}:",
    "As discussed,", "I have a question.", "Let's go on.", "Important:", "For my project:",
)  # fmt: skip
_SUFFIXES = (
    "Thanks!", "Thank you in advance.", "Take your time.", "Be concise.", "Regards.", "Go.",
    "Answer in English.", "No extra commentary.", "This is urgent.", "(id {n})", "-- {n}",
    "Let me know if anything is unclear.", "It matters a lot to me.", "Cheers, have a nice day.",
)  # fmt: skip
_HOMOGLYPHS = str.maketrans("aeopcyxis", "аеорсухіѕ")
_JSON_KEYS = ("input", "prompt", "content", "text", "request", "data")


@dataclass(frozen=True, slots=True)
class Disguise:
    """How hard a level edits; every number is a probability (0..1).

    ``synonym`` is per word that has one, ``swap`` per phrase found, ``blemish`` per character, the
    others per prompt.
    """

    synonym: float = 0.0
    swap: float = 0.0
    shuffle: float = 0.0
    drop: float = 0.0
    affix: float = 0.0
    wrap: float = 0.0
    blemish: float = 0.0
    in_json: float = 0.0


LEVELS = {
    1: Disguise(),
    2: Disguise(synonym=0.12, swap=0.25, shuffle=0.30, drop=0.25, affix=0.35),
    3: Disguise(0.33, 0.60, 0.75, 0.50, 0.70, 0.50, 0.012, 0.12),
}


def _table() -> dict[str, tuple[str, ...]]:
    """Every word of a group stands for every other; a word in two groups has both choices."""
    table: dict[str, tuple[str, ...]] = {}
    for group in _SYNONYMS.split("|"):
        words = group.split()
        for word in words:
            others = [other for other in words if other != word]
            table[word] = tuple(dict.fromkeys([*table.get(word, ()), *others]))
    return table


SYNONYMS = _table()
_WORD = re.compile(r"[^\W\d_]+")


def _synonymous(text: str, rate: float, rng: random.Random) -> str:
    def swap(match: re.Match[str]) -> str:
        word = match[0]
        choices = SYNONYMS.get(word.lower())
        if choices is None or rng.random() >= rate:
            return word
        other = rng.choice(choices)
        return other.capitalize() if word[0].isupper() else other

    return _WORD.sub(swap, text)


def _rephrased(text: str, rate: float, rng: random.Random) -> str:
    lower = text.lower()
    for phrase, *others in PHRASES:
        if phrase in lower and rng.random() < rate:
            text = re.sub(rf"\b{re.escape(phrase)}\b", rng.choice(others), text, flags=re.I)
            lower = text.lower()
    return text


def _blemished(text: str, rate: float, rng: random.Random) -> str:
    out = list(text)
    for i, letter in enumerate(out):
        if not letter.isalpha() or rng.random() >= rate:
            continue
        kind = rng.randrange(5)
        swapped = letter + (text[i + 1] if i + 1 < len(text) else "")
        out[i] = (
            "",
            letter * 2,
            swapped,
            letter.translate(_HOMOGLYPHS),
            letter + "\u200b",
        )[kind]
    return "".join(out)


def _sentences(sentences: list[str], disguise: Disguise, rng: random.Random) -> list[str]:
    """The template's sentences, some dropped, perhaps in another order; slots are never dropped."""
    kept = list(sentences)
    plain = [i for i, one in enumerate(kept) if "{" not in one]
    if len(kept) > 2 and plain and rng.random() < disguise.drop:
        del kept[rng.choice(plain)]
    if rng.random() < disguise.shuffle:
        rng.shuffle(kept)
    return kept


def edited(sentences: list[str], disguise: Disguise, rng: random.Random) -> str:
    """A template's sentences edited, slots still open."""
    kept = _sentences(sentences, disguise, rng)
    parts = []
    for sentence in kept:
        pieces = re.split(r"(\{\w+\})", sentence)
        for i in range(0, len(pieces), 2):
            pieces[i] = _rephrased(pieces[i], disguise.swap, rng)
            pieces[i] = _synonymous(pieces[i], disguise.synonym, rng)
        parts.append("".join(pieces))
    return rng.choice(("\n", "\n", "\n\n", " ")).join(parts)


def affixed(text: str, rng: random.Random) -> str:
    """``text`` with a courtesy or a job number before it, after it, or both."""
    where = rng.randrange(3)
    number = str(rng.randrange(10, 99_999))
    if where != 1:
        text = rng.choice(_PREFIXES).replace("{n}", number) + " " + text
    if where != 0:
        text = text + " " + rng.choice(_SUFFIXES).replace("{n}", number)
    return text


def dressed(text: str, disguise: Disguise, around: tuple[str, str], rng: random.Random) -> str:
    """A filled prompt in its outer disguise; ``around`` is unrelated text to wrap it in."""
    if rng.random() < disguise.affix:
        text = affixed(text, rng)
    if disguise.blemish:
        text = _blemished(text, disguise.blemish, rng)
    if rng.random() < disguise.wrap:
        text = f"{around[0]}\n\n{text}\n\n{around[1]}"
    if rng.random() < disguise.in_json:
        key = rng.choice(_JSON_KEYS)
        text = json.dumps({key: text, "id": rng.randrange(1 << 30)}, ensure_ascii=False)
    return text
