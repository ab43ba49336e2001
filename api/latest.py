"""What a store says of its visible generation, kept until another one is published."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from graph.store import GraphStore

Row = TypeVar("Row")


class Latest(Generic[Row]):
    """Rows of the visible generation, read again when it changes: ``Latest(store, read)()``."""

    def __init__(
        self, store: Callable[[], GraphStore], read: Callable[[GraphStore], Iterable[Row]]
    ) -> None:
        self._store = store
        self._read = read
        self._held: tuple[int, tuple[Row, ...]] = (-1, ())

    def __call__(self) -> tuple[Row, ...]:
        """The rows; whoever asks while another generation appears reads it as well."""
        store = self._store()
        number, _ = store.generation()
        held, rows = self._held
        if held != number:
            rows = tuple(self._read(store))
            self._held = (number, rows)
        return rows
