"""How a conversation begins: its system prompt and its first user turn, read from the text.

Knows nothing of hashing. Events may lack ``system_prompt`` and ``conversation_id``; then the whole
conversation often stands in the prompt itself, in one of the few forms that clients and chat
templates write. Two accounts that carry the same opening, turn after turn, hand a conversation
over. Read :meth:`graph.prompts.fingerprint.Fingerprinter.prefixes` next.
"""

import re

READ_CHARACTERS = 16_384
"""How much of a text is searched for its first turns."""
SPEAKER = re.compile(
    r"""(?:^|\n|<s>)[ \t]*(?:
        <\|(?:im_start|start_header_id)\|>[ ]*(?P<chatml>system|user|assistant)
        (?:<\|end_header_id\|>)?
      | <\|(?P<zephyr>system|user|assistant)\|>
      | \#{2,3}[ ]*(?P<hash>system|user|human|instruction|assistant|response)[ ]*:?
      | \[?(?P<plain>system|user|human|assistant|ai|bot|用户|助手|系统)\]?[ ]*[:：]
    )[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_END = re.compile(r"<\|(?:im_end|eot_id|end)\|>|</s>")
_USERS = {"user", "human", "instruction", "用户"}
_SYSTEMS = {"system", "系统"}


def turns(text: str) -> list[tuple[str, str]]:
    """The turns of a conversation written into one text, as (speaker, words); else empty.

    Speakers are ``system``, ``user`` and ``assistant``. One speaker alone is not a conversation:
    an essay may well contain "System:".
    """
    text = text[:READ_CHARACTERS]
    marks = list(SPEAKER.finditer(text))
    found = []
    for i, mark in enumerate(marks):
        name = (mark[mark.lastgroup or 0] or "").lower()
        speaker = "user" if name in _USERS else "system" if name in _SYSTEMS else "assistant"
        stop = marks[i + 1].start() if i + 1 < len(marks) else len(text)
        found.append((speaker, _END.sub("", text[mark.end() : stop]).strip()))
    return found if len({speaker for speaker, _ in found}) > 1 else []


def openings(
    system: str | None, prompt: str | None, turn: int | None
) -> tuple[str | None, str | None]:
    """The system prompt and the first user turn of the conversation a request belongs to.

    Args:
        system: the event's ``system_prompt``, if it has one.
        prompt: the event's ``prompt``.
        turn: the event's ``turn``, counted from 1 (0 is read as 1), or None.
    """
    parsed = turns(prompt or "")
    inside = next((words for speaker, words in parsed if speaker == "system"), None)
    first = next((words for speaker, words in parsed if speaker == "user"), None)
    if first is None and (turn is None or turn <= 1):
        first = prompt
    return system or inside, first
