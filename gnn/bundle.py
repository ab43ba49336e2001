"""A trained model as a folder: forests, numbers and a manifest with digests; no pickle.

``manifest.json`` names every file with its SHA-256, the columns, calibrations, thresholds and how
the model came to be. Loading verifies all of it before anything is used. Saving writes beside the
goal and renames, so a bundle is there whole or not at all.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster
from gnn.calibrate import Calibration
from gnn.features import ACCOUNT_COLUMNS, SIGNUP_COLUMNS
from gnn.mates import MATES_COLUMNS
from graph.errors import BundleCorrupt, ModelMismatch, ModelMissing

FORMAT = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.safetensors"
COLUMNS: dict[str, tuple[str, ...]] = {
    "signup": SIGNUP_COLUMNS,
    "own": ACCOUNT_COLUMNS,
    "near": MATES_COLUMNS,
    "far": MATES_COLUMNS,
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Calibrated scores (0..1) from which something is done.

    ``account_flag``: an account is flagged for action; ``signup_deny`` and ``signup_review``: what
    is decided at sign-up. 2.0 means never.
    """

    account_flag: float = 2.0
    signup_review: float = 2.0
    signup_deny: float = 2.0


@dataclass(frozen=True)
class Bundle:
    """Everything a scorer needs.

    ``forests`` holds ``signup``, ``own``, ``near`` and ``far``; ``calibrations`` ``signup`` and
    ``account``; ``usual`` the ordinary value of each column by forest, float32 [F] (what a reason
    compares with). ``notes`` is for people and the model card: figures of training, settings,
    moments; it takes part in the digest.
    """

    forests: Mapping[str, Booster]
    calibrations: Mapping[str, Calibration]
    thresholds: Thresholds
    usual: Mapping[str, npt.NDArray[np.float32]]
    trained_as_of: int
    notes: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """The first twelve digits of the digest over all content."""
        return self.digest()[:12]

    def digest(self) -> str:
        """SHA-256 over the manifest, which names the digest of every file."""
        return _digest(self._manifest(self._files()))

    def save(self, folder: Path) -> None:
        """Write the bundle to ``folder``, replacing one that is there."""
        files = self._files()
        manifest = self._manifest(files)
        files[MANIFEST] = _canonical({**manifest, "digest": _digest(manifest)}).encode()
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read and verify what :meth:`save` wrote.

        Raises:
            ModelMissing: if there is no bundle.
            BundleCorrupt: if a file is missing or its digest differs.
            ModelMismatch: if it was made for other columns or another format.
        """
        manifest = _read_manifest(folder)
        if manifest.get("format") != FORMAT:
            raise ModelMismatch(f"bundle format {manifest.get('format')}, this code reads {FORMAT}")
        _check_columns(manifest["columns"])
        files = {name: _verified(folder, name, sha) for name, sha in manifest["files"].items()}
        return _assembled(manifest, files)

    def _files(self) -> dict[str, bytes]:
        from safetensors.numpy import save  # noqa: PLC0415

        files = {f"{name}.ubj": forest.save() for name, forest in sorted(self.forests.items())}
        files[ARRAYS] = save({f"usual.{name}": values for name, values in self.usual.items()})
        return files

    def _manifest(self, files: Mapping[str, bytes]) -> dict[str, object]:
        return {
            "format": FORMAT,
            "trained_as_of": self.trained_as_of,
            "columns": {name: list(forest.columns) for name, forest in self.forests.items()},
            "calibrations": {name: asdict(c) for name, c in self.calibrations.items()},
            "thresholds": asdict(self.thresholds),
            "notes": dict(self.notes),
            "files": {
                name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())
            },
        }


def _canonical(manifest: Mapping[str, object]) -> str:
    return json.dumps(manifest, indent=1, sort_keys=True) + "\n"


def _digest(manifest: Mapping[str, object]) -> str:
    return hashlib.sha256(_canonical(manifest).encode()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelMissing(f"no model in {folder.name}; `ringsight train` makes one")
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise BundleCorrupt(f"the manifest in {folder.name} is no JSON") from error
    digest = manifest.pop("digest", None)
    if digest != _digest(manifest):
        raise BundleCorrupt(f"the manifest in {folder.name} was changed after it was written")
    return manifest


def _check_columns(columns: Mapping[str, list[str]]) -> None:
    for name, known in COLUMNS.items():
        held = tuple(columns.get(name, known))
        if held != known:
            gone, new = sorted(set(held) - set(known)), sorted(set(known) - set(held))
            raise ModelMismatch(
                f"the bundle's {name} columns differ from this code's: it lacks {new}, "
                f"has {gone}{'' if gone or new else ', in another order'}; train again"
            )


def _verified(folder: Path, name: str, digest: str) -> bytes:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise BundleCorrupt(f"the bundle lacks its file {name}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleCorrupt(f"the digest of {name} differs from the manifest's")
    return content


def _assembled(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Bundle:
    from safetensors.numpy import load  # noqa: PLC0415

    arrays = load(files[ARRAYS])
    return Bundle(
        forests={
            name: Booster.load(files[f"{name}.ubj"], columns)
            for name, columns in manifest["columns"].items()
        },
        calibrations={name: Calibration(**c) for name, c in manifest["calibrations"].items()},
        thresholds=Thresholds(**manifest["thresholds"]),
        usual={name.removeprefix("usual."): values for name, values in arrays.items()},
        trained_as_of=int(manifest["trained_as_of"]),
        notes=manifest["notes"],
    )
