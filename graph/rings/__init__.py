"""Rings: groups of accounts that surprising links hold together, with reasons for and against.

``find(RingInputs(snapshot, as_of, ...), previous)`` gives :class:`Rings`. The package knows nothing
of files, stores or models; a model's opinion comes in as ``suspicion``.
"""

from graph.rings.find import RingConfig, find
from graph.rings.genome import genomes
from graph.rings.inputs import RingInputs
from graph.rings.live import LiveMatcher, Match
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
from graph.rings.profile import Profile, profiles
from graph.rings.standing import Standing, go_on, stand

__all__ = [
    "Change",
    "Family",
    "LineageEvent",
    "LiveMatcher",
    "Match",
    "Member",
    "Profile",
    "Reason",
    "Ring",
    "RingConfig",
    "RingInputs",
    "Rings",
    "Standing",
    "Status",
    "Verdict",
    "find",
    "genomes",
    "go_on",
    "profiles",
    "stand",
]
