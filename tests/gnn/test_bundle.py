"""A bundle comes back as it was, and a bundle that was touched is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gnn import bundle as formats
from gnn.bundle import MANIFEST, Bundle
from gnn.scorer import Scorer
from graph.errors import BundleCorrupt, ModelMismatch, ModelMissing

DAY = 86_400_000_000


@pytest.fixture
def folder(bundle, tmp_path):
    bundle.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_bundle_scores_as_it_did(bundle, folder, small_scene):
    snapshot = small_scene.snapshot(25 * DAY)

    again = Bundle.load(folder)

    before, after = Scorer(bundle).accounts(snapshot), Scorer(again).accounts(snapshot)
    assert np.array_equal(before.score, after.score)
    assert again.version == bundle.version
    assert again.thresholds == bundle.thresholds
    assert again.notes == json.loads(json.dumps(bundle.notes))


def test_saving_twice_leaves_one_whole_bundle(bundle, folder):
    bundle.save(folder)

    assert Bundle.load(folder).version == bundle.version
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_every_file_is_verified(folder):
    names = [path.name for path in folder.iterdir()]
    for name in names:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

        with pytest.raises(BundleCorrupt):
            Bundle.load(folder)

        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
    assert Bundle.load(folder)


def test_a_lacking_file_is_named(folder):
    (folder / "near.0.ubj").unlink()

    with pytest.raises(BundleCorrupt, match=r"near\.0\.ubj"):
        Bundle.load(folder)


def test_a_threshold_changed_by_hand_is_noticed(folder):
    text = (folder / MANIFEST).read_text().replace('"account_flag": 0.', '"account_flag": 0.0')
    (folder / MANIFEST).write_text(text)

    with pytest.raises(BundleCorrupt, match="changed"):
        Bundle.load(folder)


def test_a_bundle_made_for_other_columns_is_refused_and_says_which(bundle, tmp_path):
    forest = bundle.forests["own.0"]
    other = type(forest)(forest._model, ("shoe_size", *forest.columns[1:]))

    replace(bundle, forests={**bundle.forests, "own.0": other}).save(tmp_path / "other")

    with pytest.raises(ModelMismatch, match="shoe_size"):
        Bundle.load(tmp_path / "other")


def test_a_bundle_of_another_format_is_refused_and_says_which(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "FORMAT", formats.FORMAT - 1)
    bundle.save(tmp_path / "old")
    monkeypatch.undo()

    with pytest.raises(ModelMismatch, match=f"format {formats.FORMAT - 1}"):
        Bundle.load(tmp_path / "old")


def test_where_there_is_no_bundle_the_error_says_what_to_do(tmp_path):
    with pytest.raises(ModelMissing, match="ringsight train"):
        Bundle.load(tmp_path)
