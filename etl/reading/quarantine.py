"""How much of a run may be refused, and how that is counted and said.

Good rows always stay: a run that passes its limit has kept everything that passed and every
refusal, and then fails loudly, so that nothing is lost and nobody overlooks it. It knows nothing of
reading.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.errors import TooMuchQuarantined
from graph.reasons import SENTENCES, Reason

DEFAULT_LIMIT = 0.05


@dataclass(slots=True)
class Tally:
    """Counts of one run: rows read, events added, rows repeated, rows refused by reason."""

    read: int = 0
    added: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def refused_rows(self) -> int:
        """Rows refused in this run, conflicts included."""
        return sum(self.refused.values())

    @property
    def share(self) -> float:
        """Refused rows by rows read (0..1)."""
        return self.refused_rows / self.read if self.read else 0.0

    def refuse(self, counts: Mapping[Reason, int]) -> None:
        """Count refused rows by reason."""
        self.refused.update({reason.value: n for reason, n in counts.items() if n})

    def check(self, limit: float) -> None:
        """Fail if more than ``limit`` (0..1) of the rows read were refused.

        Raises:
            TooMuchQuarantined: with the counts by reason, and what to do.
        """
        if self.share <= limit:
            return
        reasons = "; ".join(
            f"{count} x {name} ({SENTENCES[Reason(name)]})"
            for name, count in self.refused.most_common(5)
        )
        raise TooMuchQuarantined(
            f"{self.refused_rows} of {self.read} rows ({self.share:.1%}) went to the quarantine, "
            f"more than the limit of {limit:.1%}: {reasons}. The other rows are in the graph; "
            "repair the source and run again with --retry, or raise the limit"
        )
