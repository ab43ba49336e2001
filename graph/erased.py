"""A value without an account: what is left of kept JSON when somebody has to be forgotten.

Lists lose the items that are the account (its id, its node's id, or a row that begins with one),
fields that are it become null, and texts have the id replaced. It knows nothing of where the value
is kept.
"""

import json
import re
from typing import Any

from graph.schema import NodeType, node_id

ERASED = "[erased]"


def without(value: Any, account_id: str) -> Any:
    """``value`` (as JSON has them) without any mention of ``account_id``."""
    names = {account_id, node_id(NodeType.ACCOUNT, account_id)}
    # The id as a word of its own: `a-1` is not part of `a-17`.
    word = re.compile(rf"(?<![\w-])(?:account:)?{re.escape(account_id)}(?![\w-])")

    def cleaned(found: Any) -> Any:
        if isinstance(found, dict):
            return {
                k: None if isinstance(v, str) and v in names else cleaned(v)
                for k, v in found.items()
                if k not in names
            }
        if isinstance(found, list):
            return [cleaned(item) for item in found if not _is(item, names)]
        return word.sub(ERASED, found) if isinstance(found, str) else found

    return cleaned(value)


def text_without(text: str, account_id: str) -> str:
    """JSON text, or any other, without any mention of ``account_id``; as it was if it has none."""
    if account_id not in text:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return str(without(text, account_id))
    clean = without(found, account_id)
    return text if clean == found else json.dumps(clean, sort_keys=True)


def _is(item: Any, names: set[str]) -> bool:
    if isinstance(item, list) and item:
        return isinstance(item[0], str) and item[0] in names
    return isinstance(item, str) and item in names
