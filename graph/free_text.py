"""What people type (reasons, notes, statements), without what must not be kept.

E-mail addresses, network addresses, phone and card numbers become ``[removed]``; control characters
go. A person's name cannot be told from any other word: forms say that none belongs there.
"""

import re

REMOVED = "[removed]"
_PERSONAL = re.compile(
    r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{0,4}"
    r"|(?<![\w-])\+?\d(?:[ .()/-]?\d){8,18}(?![\w-])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def kept_text(text: str) -> str:
    """``text`` as it may be kept."""
    return _PERSONAL.sub(REMOVED, _CONTROL.sub(" ", text)).strip()
