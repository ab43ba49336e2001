"""Rings: groups of accounts that surprising links hold together, with reasons for and against.

``find(RingInputs(snapshot, as_of, ...), previous)`` gives :class:`Rings`. The package knows nothing
of files, stores or models; a model's opinion comes in as ``suspicion``.
"""

from graph.rings.find import RingConfig, find
from graph.rings.inputs import RingInputs
from graph.rings.model import (
    Change,
    Family,
    LineageEvent,
    Member,
    Reason,
    Ring,
    Rings,
    Status,
    Verdict,
)

__all__ = [
    "Change",
    "Family",
    "LineageEvent",
    "Member",
    "Reason",
    "Ring",
    "RingConfig",
    "RingInputs",
    "Rings",
    "Status",
    "Verdict",
    "find",
]
