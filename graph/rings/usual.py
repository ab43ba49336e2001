"""What is usual: the figures of the whole population that evidence is held against.

Every figure is learnt from the data at hand the first time it is asked for, and stays what it was
until the next run that learns anew. Frozen, it makes evidence local: what one account does changes
nothing about groups it is not near, so a refresh need only look where something changed
(:mod:`graph.rings.standing`). The values are plain (numbers, text, lists and mappings of them).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


class Unlearnt(LookupError):
    """A frozen figure was asked for that nothing has been learnt of."""


@dataclass
class Usual:
    """Figures by name, learnt once.

    Usage::

        usual = Usual()
        usual.of("accounts", lambda: 20_000)           # 20_000, learnt
        usual.of("accounts", lambda: 30_000)           # 20_000, recalled
        usual.frozen().of("pace", lambda: 1.0)         # Unlearnt: only a whole run may learn
    """

    learns: bool = True
    figures: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str, learn: Callable[[], T]) -> T:
        """The figure of that name.

        Raises:
            Unlearnt: if it is not known and this is frozen.
        """
        if name not in self.figures:
            if not self.learns:
                raise Unlearnt(name)
            self.figures[name] = learn()
        found: T = self.figures[name]
        return found

    def frozen(self) -> "Usual":
        """The same figures, to which none is added."""
        return Usual(False, self.figures)

    def anew(self) -> "Usual":
        """The same figures, to which may be added without changing these."""
        return Usual(True, dict(self.figures))
