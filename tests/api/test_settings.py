"""Settings: one reader, keys that are checked, secrets that hide."""

import stat
from pathlib import Path

import pytest

from api.settings import Settings, documented, make_key, unknown_names
from graph.errors import KeyMissing, SettingsError
from graph.stores import open_store


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in documented():
        monkeypatch.delenv(name, raising=False)


def test_without_an_environment_everything_is_kept_in_one_folder() -> None:
    settings = Settings.from_environment()

    assert settings.home == Path("ringsight-data")
    assert settings.store_url == "sqlite:///ringsight-data/graph.db"


def test_the_environment_says_where_the_graph_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGSIGHT_STORE", "bolt://db:7687")
    monkeypatch.setenv("RINGSIGHT_STORE_USER", "neo4j")
    monkeypatch.setenv("RINGSIGHT_STORE_PASSWORD", "open sesame")

    settings = Settings.from_environment()

    assert settings.store_url == "bolt://db:7687"
    assert settings.store_password_text == "open sesame"


def test_a_folder_with_odd_characters_is_still_one_folder(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "50% of it? #1")
    settings.home.mkdir()

    open_store(settings.store_url).close()

    assert settings.graph_path.exists()


def test_secrets_hide_in_repr() -> None:
    settings = Settings(key="k" * 32, store_password="open sesame")  # type: ignore[arg-type]

    assert "kkk" not in repr(settings)
    assert "sesame" not in repr(settings)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="openssl rand -hex 32"):
        Settings(home=tmp_path).given_key()


def test_a_missing_key_points_to_the_one_a_demo_kept(tmp_path: Path) -> None:
    made = Settings(home=tmp_path).own_key()

    with pytest.raises(KeyMissing, match=r"RINGSIGHT_KEY_FILE=.*key"):
        Settings(home=tmp_path).given_key()
    assert Settings(home=tmp_path).known_key() == made


def test_a_made_key_is_the_owners_alone_and_lasts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    first, second = settings.own_key(), settings.own_key()

    assert first == second
    assert len(first) == 64
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    make_key(tmp_path / "key")

    with pytest.raises(FileExistsError):
        make_key(tmp_path / "key")


def test_a_given_key_beats_the_kept_one(tmp_path: Path) -> None:
    Settings(home=tmp_path).own_key()
    given = Settings(home=tmp_path, key="g" * 20)  # type: ignore[arg-type]

    assert given.own_key() == given.known_key() == b"g" * 20


@pytest.mark.parametrize("text", ["tiny-secret", " " * 40])
def test_a_short_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "k"
    file.write_text(text)

    with pytest.raises(SettingsError, match="16 or more") as refused:
        Settings(key_file=file).given_key()

    assert "tiny-secret" not in str(refused.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        Settings(key_file=tmp_path / "nowhere").given_key()


def test_two_keys_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGSIGHT_KEY", "k" * 32)
    monkeypatch.setenv("RINGSIGHT_KEY_FILE", "/tmp/k")

    with pytest.raises(SettingsError, match="keep one"):
        Settings.from_environment()


def test_a_name_that_means_nothing_is_noticed() -> None:
    environment = {
        "RINGSIGHT_HOEM": "x",
        "RINGSIGHT_HOME": "x",
        "RINGSIGHT_TEST_NEO4J_URI": "x",
        "PATH": "x",
    }

    assert unknown_names(environment) == ["RINGSIGHT_HOEM"]
