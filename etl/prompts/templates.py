"""Redacted templates of clusters, read while prompts pass through and are forgotten.

A job that has text in its hands shows it here once; what stays is at most one redacted wording a
cluster, made of words that enough accounts sent. The journal holds no text, so a fit that shall
show templates is given the source again: ``showing(fit, prompts_in(source), reader)``. Read
:mod:`graph.prompts.redact` for what may be shown.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from etl.mapping import SourceMapping, plain
from etl.prompts.columns import PromptColumns
from etl.reading.sources import chunks_of, list_source
from etl.refresh import FitsClusters
from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.index import ClusterIndex
from graph.prompts.redact import GAP, MIN_ACCOUNTS, redacted

Texts = Callable[[], Iterator[Sequence[str | None]]]
"""Prompts, a chunk at a time, from the beginning at every call."""
LOOKS = 12
"""Prompts of a cluster that are looked at; more show no more of the template."""


class TemplateBook:
    """The fullest redacted wording of each cluster: ``TemplateBook(reader, index).read(texts)``."""

    def __init__(
        self, fingerprinter: Fingerprinter, index: ClusterIndex, min_accounts: int = MIN_ACCOUNTS
    ) -> None:
        self._reader, self._index, self._k = fingerprinter, index, min_accounts
        self._looks: Counter[int] = Counter()
        self.templates: dict[str, str] = {}

    def read(self, texts: Iterable[str | None]) -> None:
        """Take what may be kept of each text, up to :data:`LOOKS` texts a cluster."""
        rows = list(texts)
        clusters = self._index.assign_many(self._reader.sketches(rows)).cluster
        for at in np.flatnonzero(clusters >= 0).tolist():
            cluster, text = int(clusters[at]), rows[at]
            if text is None or self._looks[cluster] >= LOOKS:
                continue
            name = self._index.ids[cluster]
            shown = redacted(text, self._reader, self._index, name, self._k)
            if shown is not None:
                self._looks[cluster] += 1
                self.templates[name] = max(self.templates.get(name, ""), shown, key=_fullness)


def _fullness(template: str) -> tuple[int, str]:
    return sum(word != GAP for word in template.split()), template


def prompts_in(source: str, mapping: SourceMapping | None = None, column: str = "prompt") -> Texts:
    """The prompts (or the ``system_prompt``) of a source of events, read anew at every call.

    Raises (when read):
        SourceError: if the source cannot be read.
    """
    rules = mapping or plain()

    def texts() -> Iterator[Sequence[str | None]]:
        for file in list_source(source, rules.globs).files:
            table = rules.tables.get(file.table)
            if file.table != "requests" or table is None or column not in table.rules:
                continue
            for raw in chunks_of(file, table.rules[column].sources):
                rows = raw.rows()
                told = table.apply(rows.columns, len(rows.numbers)).get(column, [])
                prompts = told.to_pylist() if hasattr(told, "to_pylist") else told
                yield [one if isinstance(one, str) else None for one in prompts]

    return texts


def showing(
    fit: FitsClusters, texts: Texts, reader: Fingerprinter, systems: Texts = lambda: iter(())
) -> FitsClusters:
    """``fit`` whose table of clusters has a column ``template``: redacted wordings, or null.

    ``texts`` are prompts, ``systems`` system prompts that came apart from them.
    """

    def fitted(
        prompts: PromptColumns, previous: ClusterIndex, as_of: int
    ) -> tuple[ClusterIndex, pa.Table]:
        index, table = fit(prompts, previous, as_of)
        wordings: dict[str, str] = {}
        for which, book in (
            (texts, TemplateBook(reader, index)),
            (systems, TemplateBook(reader.systems, index)),
        ):
            for chunk in which():
                book.read(chunk)
            wordings |= book.templates
        shown = [wordings.get(name) for name in table["cluster_id"].to_pylist()]
        return index, table.append_column("template", pa.array(shown, pa.string()))

    return fitted
