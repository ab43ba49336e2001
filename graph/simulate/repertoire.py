"""Everything that can be said in a world: streams of prompts, by number.

A stream is a way to make prompts: free talk in a language, or a template with its disguises.
An account's diet names streams by number and weight. What a stream's prompts read like is made in
:mod:`graph.simulate.wording`.
"""

from dataclasses import dataclass
from typing import Final

from graph.simulate.chance import Dice
from graph.simulate.kits import REPLY_TOKENS, Kit, Template
from graph.simulate.paraphrase import Variant, compiled, variants


@dataclass(frozen=True, slots=True)
class Stream:
    """A way to make prompts.

    ``variants``: wordings (none for free talk); ``system``: the fixed system prompt, if it has one;
    ``words``: median length of free talk; ``benchmark``: share of slots that quote public items.
    """

    name: str
    lang: str = "en"
    words: int = 24
    variants: tuple[Variant, ...] = ()
    system: str | None = None
    reply_tokens: int = 300
    refusal: float = 0.004
    verbatim: float = 0.04


CHAT: Final[dict[str, str]] = {"CN": "zh", "HK": "zh", "JP": "ja", "KR": "ko", "BR": "pt",
                               "DE": "de", "FR": "fr", "ES": "es"}  # fmt: skip
_LANGS: Final = ("en", "zh", "de", "fr", "es", "pt", "ja", "ko")
_LENGTHS: Final[dict[str, tuple[int, int]]] = {
    # name: words, reply tokens
    "chat": (18, 260), "work": (45, 420), "code": (60, 520), "paste": (110, 300),
}  # fmt: skip


class Repertoire:
    """The streams of one world; grows while its crowds and campaigns are made."""

    def __init__(self, dice: Dice) -> None:
        self.streams: list[Stream] = []
        self._dice = dice
        self._templates: dict[tuple[Template, int], int] = {}
        self._talk: dict[tuple[str, str], int] = {}
        for lang in _LANGS:
            for manner, (words, reply) in _LENGTHS.items():
                stream = Stream(f"{manner}/{lang}", lang, words, reply_tokens=reply)
                self._talk[manner, lang] = self.add(stream)

    def add(self, stream: Stream) -> int:
        """The number of a new stream."""
        self.streams.append(stream)
        return len(self.streams) - 1

    def talk(self, manner: str, country: str = "US", native: bool = False) -> int:
        """Free talk: ``chat``, ``work``, ``code`` or ``paste``; the country's tongue or English."""
        return self._talk[manner, CHAT.get(country, "en") if native else "en"]

    def template(self, template: Template, level: int = 0, name: str = "") -> int:
        """The stream of a template at a level of disguise; made once."""
        key = (template, level)
        if key not in self._templates:
            self._templates[key] = self.add(self._stream(template, level, name))
        return self._templates[key]

    def kit(self, kit: Kit, level: int = 0) -> tuple[int, ...]:
        """The streams of a kit's templates at one level."""
        return tuple(self.template(t, level, kit.name) for t in kit.templates)

    def _stream(self, template: Template, level: int, name: str) -> Stream:
        plain = [s for s in template.sentences if "{" not in s]
        system, body = None, template
        if template.in_system and level < 2 and len(plain) < len(template.sentences):
            system = " ".join(plain)
            rest = tuple(s for s in template.sentences if "{" in s)
            body = Template(rest, template.intent, template.lang)
        made = (
            variants(self._dice, body, level)
            if level > 1
            else (compiled("\n".join(body.sentences)),)
        )
        return Stream(
            f"{name}/{template.intent}/L{level}", template.lang, variants=made, system=system,
            reply_tokens=REPLY_TOKENS.get(template.intent, 300),
            refusal=0.03 if template.intent in ("censor", "cens") else 0.006,
        )  # fmt: skip
