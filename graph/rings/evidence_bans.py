"""What people decided: members of a group whom they banned speak about the others.

A ban is a judgement made with what no graph shows, and rings grow again around the banned. It
belongs to no family, so it accuses nobody alone: a group is acted on when two families tie it, and
bans make surer what it is. A few mistaken bans are usual and say as much. It knows nothing of who
banned whom and why; read :mod:`graph.rings.genome` for what is kept of a ring that was banned.
"""

from collections.abc import Iterator

import numpy as np

from graph.rings import triage
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import RingInputs

CAP = 4.0
FEWEST = 3
"""Banned members that are no chance: one or two are banned in honest groups, too."""


def bans(inputs: RingInputs, groups: Groups) -> Iterator[Evidence]:
    """Bans of members beyond what as many accounts of the population have, if there are any.

    Half of the Poisson log-likelihood ratio: who is banned for one thing is banned together.
    """
    out = triage.banned(inputs)
    usual = inputs.usual.of("people.banned", lambda: float(out.mean()) if inputs.size else 0.0)
    if not out.any():
        return
    seen = groups.share(out) * groups.sizes
    expected = np.maximum(groups.sizes * usual, 0.1)
    nats = seen * np.log(np.maximum(seen, 1.0) / expected) - (seen - expected)
    yield Evidence(
        "people.banned",
        None,
        np.where((seen > FEWEST - 0.5) & (seen > expected), np.clip(nats / 2.0, 0.0, CAP), 0.0),
        seen,
        expected,
        "{observed:.0f} of {size} members have been banned; of as many accounts {usual:.1f} are",
    )
