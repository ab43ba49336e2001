"""Redacted templates of clusters, read while prompts pass through and are forgotten.

A job that has text in its hands (a build, or a refresh with its source near) shows it here once;
what stays is at most one redacted wording a cluster, made of words that enough accounts sent. Read
:mod:`graph.prompts.redact` for what may be shown.
"""

from collections.abc import Iterable

from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.index import ClusterIndex
from graph.prompts.redact import GAP, MIN_ACCOUNTS, redacted


class TemplateBook:
    """The fullest redacted wording of each cluster: ``TemplateBook(reader, index).read(texts)``."""

    def __init__(
        self, fingerprinter: Fingerprinter, index: ClusterIndex, min_accounts: int = MIN_ACCOUNTS
    ) -> None:
        self._reader, self._index, self._k = fingerprinter, index, min_accounts
        self.templates: dict[str, str] = {}

    def read(self, texts: Iterable[str | None]) -> None:
        """Take what may be kept of each text; the order of texts does not matter."""
        for text in texts:
            cluster = self._index.assign(self._reader.sketch(text)).cluster_id
            if cluster is None or text is None:
                continue
            shown = redacted(text, self._reader, self._index, cluster, self._k)
            if shown is not None:
                best = self.templates.get(cluster, "")
                self.templates[cluster] = max(best, shown, key=_fullness)


def _fullness(template: str) -> tuple[int, str]:
    return sum(word != GAP for word in template.split()), template
