"""How hard a simulated world is: what rules, columns and pairs of columns would prevent on it.

A world in which one column gives fraud away proves nothing of a detector. This kit builds a broad
table of what can be known of an account at a few early moments (:mod:`.columns`), tries every rule
of one column and of two (:mod:`.rules`), and the classical rule of shared identifiers
(:mod:`.components`). It opens the truth, so nothing that scores or trains may import it. The
boosted baseline stands with the tests: no learner is imported here, only its columns are made
(:mod:`.neighbours`).
"""

from graph.simulate.hardness.columns import Rows, rows_of
from graph.simulate.hardness.components import best_component_rule
from graph.simulate.hardness.neighbours import neighbour_means
from graph.simulate.hardness.observed import Observed, observe
from graph.simulate.hardness.rules import Finding, best_pairs, best_singles

__all__ = [
    "Finding",
    "Observed",
    "Rows",
    "best_component_rule",
    "best_pairs",
    "best_singles",
    "neighbour_means",
    "observe",
    "rows_of",
]
