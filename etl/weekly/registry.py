"""Runs, metrics and model versions in MLflow: what was tried, and which version is whose.

The one home of ``mlflow``, imported where used. SQLite in the home folder is the default, a server
is named by its address. Aliases ``champion``, ``challenger`` and ``shadow`` follow the shelf
(:mod:`gnn.shelf`), which alone decides what serves: a registry that is away or behind stops no
service, and :meth:`Registry.follow` brings it up to the shelf again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.errors import RegistryUnavailable

NAME = "ringsight"
CHAMPION, CHALLENGER, SHADOW = "champion", "challenger", "shadow"
_VERSION, _RUN = "ringsight.version", "ringsight.run"


@dataclass(frozen=True, slots=True)
class Entry:
    """A version as the registry holds it: its number there, the bundle's version, its run."""

    number: int
    version: str
    run: str
    passed: bool


class Registry:
    """A registry by its address: ``Registry("sqlite:////srv/registry.db", artifacts)``.

    ``artifacts`` is the folder of a local registry's files; a server has its own.
    """

    def __init__(self, url: str, artifacts: Path) -> None:
        self._url = url
        self._artifacts = artifacts

    def record(
        self,
        run: str,
        version: str,
        *,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        files: Path,
        passed: bool,
    ) -> Entry:
        """Note a run and its model; a run that was noted already is taken as it is.

        Args:
            run: name of the run.
            version: of its bundle.
            metrics: figures by name.
            tags: what else is known, as text.
            files: a folder whose files are kept with the run.
            passed: whether the gate let it pass.

        Raises:
            RegistryUnavailable: if it cannot be reached or is not installed.
        """
        with self._client() as client:
            held = _find(client, version)
            if held is not None and held.run == run:
                return held
            made = client.create_run(self._experiment(client), run_name=run, tags=dict(tags))
            for name, value in metrics.items():
                client.log_metric(made.info.run_id, name, value)
            client.log_artifacts(made.info.run_id, str(files))
            client.set_terminated(made.info.run_id)
            number = self._register(client, made, run, version, passed=passed)
            return Entry(number, version, run, passed)

    def follow(self, aliases: Mapping[str, str | None]) -> None:
        """Let the aliases name these versions, or nobody; versions it never saw are passed over.

        Raises:
            RegistryUnavailable: if it cannot be reached or is not installed.
        """
        with self._client() as client:
            for alias, version in aliases.items():
                entry = None if version is None else _find(client, version)
                if entry is not None:
                    client.set_registered_model_alias(NAME, alias, str(entry.number))
                elif _alias(client, alias) is not None:
                    client.delete_registered_model_alias(NAME, alias)

    def aliases(self) -> dict[str, str]:
        """Which version each alias names.

        Raises:
            RegistryUnavailable: if it cannot be reached or is not installed.
        """
        with self._client() as client:
            found = {name: _alias(client, name) for name in (CHAMPION, CHALLENGER, SHADOW)}
            return {name: version for name, version in found.items() if version is not None}

    def entry(self, version: str) -> Entry | None:
        """What is known of a bundle's version.

        Raises:
            RegistryUnavailable: if it cannot be reached or is not installed.
        """
        with self._client() as client:
            return _find(client, version)

    def note(self, version: str, name: str, text: str) -> None:
        """Keep a remark with a version, such as why it was forced into use.

        Raises:
            RegistryUnavailable: if it cannot be reached or is not installed.
        """
        with self._client() as client:
            entry = _find(client, version)
            if entry is not None:
                client.set_model_version_tag(NAME, str(entry.number), name, text)

    def _register(self, client: Any, made: Any, run: str, version: str, *, passed: bool) -> int:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            client.create_registered_model(NAME)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        tags = {_VERSION: version, _RUN: run, "gate": "passed" if passed else "refused"}
        found = client.create_model_version(
            NAME, made.info.artifact_uri, run_id=made.info.run_id, tags=tags
        )
        return int(found.version)

    def _experiment(self, client: Any) -> str:
        held = client.get_experiment_by_name(NAME)
        if held is not None:
            return str(held.experiment_id)
        local = self._url.startswith("sqlite:")
        place = self._artifacts.resolve().as_uri() if local else None
        return str(client.create_experiment(NAME, artifact_location=place))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """A client; whatever goes wrong behind it is the registry's fault, told without its text.

        An address may hold a password, and MLflow's errors show addresses.
        """
        try:
            from mlflow import MlflowClient  # noqa: PLC0415
            from mlflow.exceptions import MlflowException  # noqa: PLC0415
        except ImportError as error:
            text = "MLflow is not installed: pip install 'ringsight[pipeline]'"
            raise RegistryUnavailable(text) from error
        _hush()
        try:
            yield MlflowClient(tracking_uri=self._url, registry_uri=self._url)
        except MlflowException as error:
            raise RegistryUnavailable(f"the registry refused: {error.error_code}") from error
        except OSError as error:
            raise RegistryUnavailable(f"the registry: {type(error).__name__}") from error


def _hush() -> None:
    """MLflow tells its migrations as warnings on stderr at first use."""
    import logging  # noqa: PLC0415

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _find(client: Any, version: str) -> Entry | None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        found = client.search_model_versions(f"name = '{NAME}'")
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    mine = [v for v in found if v.tags.get(_VERSION) == version]
    if not mine:
        return None
    last = max(mine, key=lambda v: int(v.version))
    return Entry(
        int(last.version), version, last.tags.get(_RUN, ""), last.tags.get("gate") == "passed"
    )


def _alias(client: Any, alias: str) -> str | None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        found = client.get_model_version_by_alias(NAME, alias)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return str(found.tags.get(_VERSION)) if found.tags.get(_VERSION) else None
