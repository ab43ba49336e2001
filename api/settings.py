"""The one reader of the environment: what an operator can set, with defaults and secrets hidden.

``Settings`` is built once in ``api.__main__`` and passed down; nothing below the roof knows that
an environment exists. The README's table is checked against :func:`documented`. Where the graph
lives, which pseudonym key is used and in which folder everything else is kept: nothing more.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.errors import KeyMissing, SettingsError

PREFIX = "RINGSIGHT_"
KEY_BYTES_MIN = 16
# Names with the prefix that are not settings: they steer the tests.
_FOR_TESTS = ("RINGSIGHT_TEST_", "RINGSIGHT_REQUIRE")


class Settings(BaseSettings):
    """Everything the environment may say.

    Settings(home=Path("/srv/ringsight"))                    # embedded store in that folder
    Settings(store="bolt://db:7687", store_user="neo4j")     # the graph lives in Neo4j
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    home: Path = Field(
        Path("ringsight-data"),
        description="folder of the embedded store, the journal, bundles and runs",
    )
    store: str | None = Field(
        None,
        description="where the graph lives: `sqlite:///path/graph.db` or `bolt://host:7687`; "
        "unset means `graph.db` in `RINGSIGHT_HOME`",
    )
    store_user: str | None = Field(None, description="user of a `bolt://` store")
    store_password: SecretStr | None = Field(None, description="password of a `bolt://` store")
    key: SecretStr | None = Field(
        None,
        description="secret that makes pseudonyms of personal values, 16 bytes or more; "
        "`serve` and `build` refuse to start without one",
    )
    key_file: Path | None = Field(
        None, description="file that holds the key, instead of `RINGSIGHT_KEY`"
    )
    signing_key_file: Path | None = Field(
        None,
        description="file with the Ed25519 key (64 hexadecimal digits) that signs new models; "
        "unset means one is made in `RINGSIGHT_HOME`",
    )
    verify_keys: str | None = Field(
        None,
        description="public keys, with commas between, whose models are loaded; unset means "
        "`signing.pub` in `RINGSIGHT_HOME`",
    )
    registry_url: str | None = Field(
        None,
        description="MLflow server that keeps runs and models; unset means SQLite in "
        "`RINGSIGHT_HOME`",
    )
    alert_url: str | None = Field(
        None, description="gets a JSON POST when the weekly pipeline fails or refuses a model"
    )

    ledger_url: SecretStr | None = Field(
        None,
        description="where the ledger lives: `sqlite:///path/ledger.db` or "
        "`postgresql://user:password@host/name`; unset means `ledger.db` in `RINGSIGHT_HOME`",
    )
    rate_per_s: float = Field(
        2000.0,
        ge=0,
        description="calls a second of one key, unless the key says otherwise; 0 is no limit",
    )
    budget_ms: int = Field(
        1_000,
        ge=1,
        le=60_000,
        description="milliseconds an answer to a sign-up may take when the caller names no budget",
    )
    degraded: str = Field(
        "allow",
        description="decision on a sign-up that could not be scored in time, and by pathway: "
        "`allow,reseller=review`",
    )
    outbox_most: int = Field(
        50_000,
        ge=1,
        description="parcels that may wait for the graph before new ones are refused with 503",
    )
    job_nice: int = Field(
        10,
        ge=0,
        le=19,
        description="how far `build`, `train`, `refresh` and `retrain` stand back for other "
        "processes (nice): a service beside them answers first; 0 is not at all",
    )
    traces: str | None = Field(
        None,
        description="OpenTelemetry collector that gets a span of each sign-up by OTLP over HTTP "
        "(extra `traces`): `http://collector:4318/v1/traces`; unset is none",
    )
    four_eyes_from: int | None = Field(
        None,
        ge=1,
        description="a ban, limit or check of at least this many accounts waits for a second "
        "person; unset is never",
    )
    webhook_inside: str | None = Field(
        None,
        description="networks on the inside that webhooks may reach, with commas between: "
        "`10.1.0.0/16,127.0.0.1/32`; unset is none",
    )
    oidc_issuer: str | None = Field(None, description="identity provider of people (OIDC)")
    oidc_audience: str | None = Field(None, description="audience that its tokens must name")
    oidc_jwks: str | None = Field(
        None, description="its public keys: an https URL of a JWKS, or a file"
    )
    oidc_roles_claim: str = Field(
        "roles", description="claim with a person's roles: viewer, investigator, lead, admin"
    )

    @classmethod
    def from_environment(cls) -> Self:
        """What the environment of this process says.

        Raises:
            SettingsError: if a value cannot be right; names the setting, never shows the value.
        """
        try:
            settings = cls()
        except ValidationError as error:
            names = sorted({PREFIX + str(part["loc"][0]).upper() for part in error.errors()})
            raise SettingsError(f"cannot be right: {', '.join(names)}") from None
        if settings.key is not None and settings.key_file is not None:
            raise SettingsError("RINGSIGHT_KEY and RINGSIGHT_KEY_FILE are both set; keep one")
        if settings.store is not None and "@" in settings.store.partition("://")[2].split("/")[0]:
            raise SettingsError(
                "RINGSIGHT_STORE holds a user or a password; "
                "give them as RINGSIGHT_STORE_USER and RINGSIGHT_STORE_PASSWORD"
            )
        return settings

    @property
    def store_url(self) -> str:
        """The store's address, the embedded default included."""
        return self.store or f"sqlite:///{quote(str(self.graph_path))}"

    @property
    def ledger_address(self) -> str:
        """The ledger's URL, the embedded default included; it may hold a password."""
        if self.ledger_url is not None:
            return self.ledger_url.get_secret_value()
        return f"sqlite:///{self.ledger_path}"

    @property
    def ledger_path(self) -> Path:
        """The embedded ledger's file, used when ``ledger_url`` is unset."""
        return self.home / "ledger.db"

    @property
    def graph_path(self) -> Path:
        """The embedded store's file, used when ``store`` is unset."""
        return self.home / "graph.db"

    @property
    def store_password_text(self) -> str | None:
        """The password in the clear, for the driver alone."""
        return None if self.store_password is None else self.store_password.get_secret_value()

    @property
    def journal_path(self) -> Path:
        """The journal of cleaned events."""
        return self.home / "journal.db"

    @property
    def bundles_path(self) -> Path:
        """The folder of trained bundles."""
        return self.home / "bundles"

    @property
    def refresh_path(self) -> Path:
        """What one refresh leaves for the next."""
        return self.home / "refresh"

    @property
    def runs_path(self) -> Path:
        """The folders of weekly runs."""
        return self.home / "runs"

    @property
    def pipeline_path(self) -> Path:
        """What the weekly pipeline tells the service: runs, gate reasons, drift, shadow."""
        return self.home / "pipeline"

    @property
    def kept_key_path(self) -> Path:
        """Where ``demo`` and its like keep the key they made."""
        return self.home / "key"

    def given_key(self) -> bytes:
        """The pseudonym key that the operator gave.

        Raises:
            KeyMissing: if none is given; says how to give one.
            SettingsError: if it is too short or its file cannot be read.
        """
        if self.key is not None:
            return _checked(self.key.get_secret_value().encode(), "RINGSIGHT_KEY")
        if self.key_file is not None:
            return read_key(self.key_file)
        raise KeyMissing(self._how_to_give_a_key())

    def known_key(self) -> bytes:
        """The key that was given, else the one an earlier command kept in the home folder.

        Raises:
            KeyMissing: if there is neither.
        """
        if self.key is None and self.key_file is None and self.kept_key_path.exists():
            return read_key(self.kept_key_path)
        return self.given_key()

    def own_key(self, folder: Path | None = None) -> bytes:
        """The key that was given, else a random one kept in ``folder`` (default: the home)."""
        if self.key is not None or self.key_file is not None:
            return self.given_key()
        kept = (folder or self.home) / "key"
        if not kept.exists():
            make_key(kept)
        return read_key(kept)

    def _how_to_give_a_key(self) -> str:
        if self.kept_key_path.exists():
            return (
                "no pseudonym key given; the data here was made with the demo's key: "
                f"export RINGSIGHT_KEY_FILE={self.kept_key_path}"
            )
        return (
            "no pseudonym key given; make one once and keep it: "
            "openssl rand -hex 32 > ringsight.key && chmod 600 ringsight.key && "
            "export RINGSIGHT_KEY_FILE=$PWD/ringsight.key"
        )


def read_key(path: Path) -> bytes:
    """The key a file holds, without the white space around it.

    Raises:
        SettingsError: if the file cannot be read or the key is too short.
    """
    try:
        return _checked(path.read_bytes().strip(), f"the key in {path}")
    except OSError as error:
        raise SettingsError(f"cannot read the key file {path}: {error.strerror}") from None


def make_key(path: Path) -> None:
    """Write a random key of 32 bytes, in hex, into a new file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def readable_by_others(path: Path) -> bool:
    """Whether anybody but the owner may read ``path``."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def documented() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, in order, for the README and ``doctor``."""
    return [
        (
            PREFIX + name.upper(),
            _shown(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _shown(default: object) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    return f"./{default}" if isinstance(default, Path) else str(default or "")


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """Names in ``environment`` that carry the prefix and mean nothing: misspelt, most likely."""
    known = {name for name, _, _ in documented()}
    return sorted(
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and not name.startswith(_FOR_TESTS)
    )


def _checked(key: bytes, where: str) -> bytes:
    if len(key) < KEY_BYTES_MIN:
        raise SettingsError(
            f"{where} has {len(key)} bytes; {KEY_BYTES_MIN} or more are needed "
            "(openssl rand -hex 32)"
        )
    return key
