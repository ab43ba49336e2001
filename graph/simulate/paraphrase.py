# ruff: noqa: E501, SIM905  (word lists read better in one piece)
"""How a template is disguised: levels L0 to L3, as a campaign would by script.

L0 sends it as it is; L1 only fills slots (the same, kept for the name); L2 exchanges some words,
sometimes shuffles or drops a sentence and adds a phrase around it; L3 does all of that strongly,
wraps half of them in unrelated text and some in JSON, and adds typing noise. Honest users of a
toolkit edit it too, at L0 to L2. It knows nothing of accounts or slots' contents.
"""

import re
from dataclasses import dataclass
from typing import Final

from graph.simulate.chance import Dice
from graph.simulate.kits import Template

_SYNONYMS: Final = {
    word: group
    for group in (
        line.split()
        for line in (
            "write draft compose author|give provide supply offer|answer reply response solution|"
            "question query prompt problem|explain clarify describe justify|full complete entire whole|"
            "short brief concise compact|check verify confirm validate|step stage move point|"
            "list enumerate itemise name|score mark grade rating|task job assignment exercise|"
            "use apply employ utilise|show present display reveal|make create produce build|"
            "choose pick select decide|before ahead-of prior-to ere|must should shall has-to|"
            "only solely just merely|final last closing concluding|text passage excerpt content|"
            "each every any single|start begin open commence|end finish close conclude|"
            "different distinct varied diverse|output result product outcome|compare contrast weigh judge|"
            "following below subsequent next|careful thorough rigorous diligent|return emit print output|"
            "reason think deduce infer|rule principle law guideline|instruction request command order|"
            "good strong solid sound|new fresh novel original|user person client reader"
        ).split("|")
    )
    for word in group
}
_PREFIXES: Final = (
    "Hi, please help with this.", "Quick one:", "Batch item below.", "As discussed,", "OK, next.",
    "Thanks for the last one.", "Note: answer in English.", "Context: internal review.", "(retry)",
    "Good morning!", "Keep the format stable.", "I need this soon.",
)  # fmt: skip
_SUFFIXES: Final = (
    "Thank you.", "Please be precise.", "No extra commentary.", "Take your time.", "That's all.",
    "Answer in plain text.", "Let me know if unclear.", "Cheers", "Be consistent with earlier items.",
)  # fmt: skip
_NOISE: Final = {"a": "а", "e": "е", "o": "о", "i": "í", " ": " \u200b"}
_SLOT = re.compile(r"\{([a-z0-9]+)\}")
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording: literal parts around slots, ``parts[0] slot[0] parts[1] ...``."""

    parts: tuple[str, ...]
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Strength:
    synonym: float = 0.0
    shuffle: float = 0.0
    drop: float = 0.0
    around: float = 0.0
    wrap: float = 0.0
    typo: float = 0.0
    json: float = 0.0


_LEVELS: Final = (
    _Strength(),
    _Strength(),
    _Strength(synonym=0.25, shuffle=0.3, drop=0.25, around=0.35),
    _Strength(synonym=0.6, shuffle=0.75, drop=0.5, around=0.7, wrap=0.5, typo=0.012, json=0.12),
)
LEVELS: Final = range(len(_LEVELS))
VARIANTS: Final = (1, 1, 60, 160)
"""How many wordings of a template circulate at each level."""


def compiled(text: str) -> Variant:
    """The text cut at its slots."""
    pieces = _SLOT.split(text)
    return Variant(tuple(pieces[0::2]), tuple(pieces[1::2]))


def _exchanged(dice: Dice, text: str, share: float) -> str:
    def other(found: re.Match[str]) -> str:
        word = found.group(0)
        group = _SYNONYMS.get(word.lower())
        if group is None or not dice.chance(share):
            return word
        drawn = dice.choice(group).replace("-", " ")
        return drawn.capitalize() if word[0].isupper() else drawn

    return _WORD.sub(other, text)


def _noisy(dice: Dice, text: str, share: float) -> str:
    return "".join(_NOISE.get(c, c) if dice.chance(share) else c for c in text)


def _outside_slots(text: str) -> list[str]:
    return re.split(r"(\{[a-z0-9]+\})", text)


def disguised(dice: Dice, template: Template, level: int) -> str:
    """One wording of the template at the level (0..3), slots still open."""
    strength = _LEVELS[level]
    sentences = list(template.sentences)
    plain = [i for i, s in enumerate(sentences) if "{" not in s]
    if len(plain) > 1 and dice.chance(strength.drop):
        sentences.pop(dice.choice(plain))
    if dice.chance(strength.shuffle):
        dice.shuffle(sentences)
    if dice.chance(strength.around):
        sentences.insert(0, dice.choice(_PREFIXES))
    if dice.chance(strength.around / 2):
        sentences.append(dice.choice(_SUFFIXES))
    if dice.chance(strength.wrap):
        sentences = ["{aside}", *sentences, "{aside}"]
    text = (" " if dice.chance(0.3) and level > 1 else "\n").join(sentences)
    pieces = _outside_slots(_exchanged(dice, text, strength.synonym) if strength.synonym else text)
    if strength.typo:
        pieces = [p if p.startswith("{") else _noisy(dice, p, strength.typo) for p in pieces]
    text = "".join(pieces)
    return f'{{"role": "user", "content": "{text}"}}' if dice.chance(strength.json) else text


def variants(dice: Dice, template: Template, level: int) -> tuple[Variant, ...]:
    """The wordings of a template that circulate at this level."""
    return tuple(compiled(disguised(dice, template, level)) for _ in range(VARIANTS[level]))
