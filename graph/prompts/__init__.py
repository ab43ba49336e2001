"""Prompt clusters: what accounts ask, as nodes of the graph.

Text is read into keyed fingerprints and forgotten (:mod:`graph.prompts.fingerprint`,
:mod:`graph.prompts.mark`), looked up in an index of shingles (:mod:`graph.prompts.index`), and the
cluster found is weighed before it ties two accounts together (:mod:`graph.prompts.weigh`). Fitting
the index is ``etl.prompts.fit``.
"""

from graph.prompts.fingerprint import Fingerprinter, Sketches
from graph.prompts.index import Assignment, Assignments, ClusterIndex, VoteRule
from graph.prompts.intent import INTENTS, IntentModel
from graph.prompts.mark import Marker, PromptMark, sketches_of

__all__ = [
    "INTENTS",
    "Assignment",
    "Assignments",
    "ClusterIndex",
    "Fingerprinter",
    "IntentModel",
    "Marker",
    "PromptMark",
    "Sketches",
    "VoteRule",
    "sketches_of",
]
