"""The shelf: which model is in use, whose signature is believed, and what a kill leaves behind."""

import json
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from gnn.bundle import Bundle
from gnn.shelf import Shelf
from gnn.signing import SIGNATURE, Signer, Trust
from graph.errors import BundleCorrupt, BundleUnsigned, ModelMissing, SettingsError
from tests.api.small_home import tiny_bundle


@pytest.fixture(scope="module")
def bundles() -> tuple[Bundle, Bundle, Bundle]:
    return tiny_bundle(1), tiny_bundle(2), tiny_bundle(3)


@pytest.fixture
def signer() -> Signer:
    return Signer.of("11" * 32)


@pytest.fixture
def shelf(tmp_path: Path, signer: Signer) -> Shelf:
    return Shelf(tmp_path / "bundles", Trust.of([signer.public]), signer)


def test_a_promoted_bundle_is_in_use_and_a_rollback_restores_the_one_before(shelf, bundles):
    for bundle in bundles:
        shelf.put(bundle)

    left, now = shelf.rollback()

    assert (left, now) == (bundles[2].version, bundles[1].version)
    assert shelf.load().version == bundles[1].version
    assert shelf.history() == [bundles[1].version, bundles[0].version]


def test_there_is_nothing_before_the_first_champion(shelf, bundles):
    shelf.put(bundles[0])

    with pytest.raises(ModelMissing, match="nothing to go back to"):
        shelf.rollback()

    assert shelf.current() == bundles[0].version


def test_promoting_the_same_twice_is_promoting_it_once(shelf, bundles):
    shelf.put(bundles[0])
    shelf.put(bundles[1])
    shelf.put(bundles[1])

    assert shelf.rollback()[1] == bundles[0].version


def test_an_added_bundle_is_used_by_nobody_until_it_is_promoted(shelf, bundles):
    shelf.put(bundles[0])
    shelf.add(bundles[1])

    assert shelf.current() == bundles[0].version


def test_a_shadow_steps_down_when_it_is_promoted(shelf, bundles):
    shelf.put(bundles[0])
    shelf.add(bundles[1])
    shelf.stand_in(bundles[1].version)

    assert shelf.shadow() == bundles[1].version
    shelf.promote(bundles[1].version)

    assert shelf.shadow() is None


def test_a_bundle_nobody_signed_is_refused_and_the_pointer_stays(shelf, bundles):
    shelf.put(bundles[0])
    Shelf(shelf.folder).add(bundles[1])

    with pytest.raises(BundleUnsigned, match="not signed"):
        shelf.promote(bundles[1].version)

    assert shelf.current() == bundles[0].version


def test_a_strangers_signature_is_refused(shelf, bundles):
    stranger = Signer.of("22" * 32)
    Shelf(shelf.folder, Trust.of([stranger.public]), stranger).put(bundles[0])

    with pytest.raises(BundleUnsigned, match="not trusted"):
        shelf.load()


def test_a_signature_of_another_bundle_is_refused(shelf, bundles, signer):
    place = shelf.put(bundles[0])
    signer.sign("0" * 64, place)

    with pytest.raises(BundleUnsigned, match="not over what it holds"):
        shelf.load()


def test_a_signature_that_is_no_json_is_refused(shelf, bundles):
    (shelf.put(bundles[0]) / SIGNATURE).write_text("no")

    with pytest.raises(BundleUnsigned, match="cannot be read"):
        shelf.load()


def test_a_changed_file_under_a_good_signature_is_refused(shelf, bundles):
    place = shelf.put(bundles[0])
    name = next(iter(json.loads((place / "manifest.json").read_text())["files"]))
    (place / name).write_bytes(b"x")

    with pytest.raises(BundleCorrupt):
        shelf.load()


def test_a_demo_may_load_what_nobody_signed(tmp_path, bundles):
    Shelf(tmp_path).put(bundles[0])

    assert Shelf(tmp_path, Trust(unsigned=True)).load().version == bundles[0].version


def test_a_signer_hides_its_secret(signer):
    assert signer.secret not in repr(signer)
    with pytest.raises(SettingsError, match="64 hexadecimal digits"):
        Signer.of("abc")


def test_a_fresh_signer_is_like_no_other():
    assert Signer.fresh().public != Signer.fresh().public


def change_without_end(folder: Path, signer: Signer, kept: Path, tell: Connection) -> None:
    """Promotions and rollbacks without end, each promotion told: what is killed."""
    shelf = Shelf(folder, Trust.of([signer.public]), signer)
    bundles = [Bundle.load(one) for one in sorted(kept.iterdir())]
    tell.send_bytes(b"ready")
    while True:
        for bundle in bundles:
            shelf.put(bundle)
            tell.send_bytes(b"put")
        shelf.rollback()


def test_a_kill_at_any_moment_leaves_the_old_champion_or_the_new(shelf, signer, bundles, tmp_path):
    # Forked from a process that never used a thread pool: XGBoost's does not survive a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    shelf.put(bundles[0])
    for number, bundle in enumerate(bundles):
        bundle.save(tmp_path / "kept" / str(number))
    versions = {bundle.version for bundle in bundles}
    rng = np.random.default_rng(1)
    seen = set()

    for turn in range(25):
        told, tell = context.Pipe(duplex=False)
        given = (tmp_path / "bundles", signer, tmp_path / "kept", tell)
        child = context.Process(target=change_without_end, args=given)
        child.start()
        for _ in range(1 + turn % 5):
            told.recv_bytes()
        time.sleep(float(rng.uniform(0.0, 0.02)))
        child.kill()
        child.join()
        seen.add(shelf.load().version)

    assert seen <= versions
    assert len(seen) > 1, "no kill fell between two promotions; nothing was tested"
