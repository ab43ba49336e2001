"""The schema version a store carries, and the steps from one version to the next.

Each adapter lists its steps in order; step *n* brings a store from version *n - 1* to *n*, and step
1 makes a new one. A store of an older version is brought forward when it is opened, a step a
transaction; one that a newer Ringsight wrote is refused, because this code cannot know what it
would break. It knows nothing of either adapter's language.
"""

from collections.abc import Callable, Sequence

from graph.errors import SchemaMismatch

Step = Callable[[], None]


def pending(found: int, known: int) -> range:
    """The numbers of the steps a store of version ``found`` still needs to reach ``known``.

    Raises:
        SchemaMismatch: if the store is newer than this code.
    """
    if found > known:
        raise SchemaMismatch(
            f"the store has schema version {found}, this version of Ringsight knows up to {known}: "
            "run the version that wrote it, or build a new store"
        )
    return range(found + 1, known + 1)


def migrate(found: int, steps: Sequence[Step]) -> int:
    """Take the steps that are missing, in order; gives the number of steps taken.

    A step must do its work and record its own number as the store's version at once, so that a
    store is never between two versions.
    """
    due = pending(found, len(steps))
    for number in due:
        steps[number - 1]()
    return len(due)
