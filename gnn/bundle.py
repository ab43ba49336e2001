"""A trained model as a folder: forests, a network, a manifest with digests; no pickle.

``manifest.json`` names every file with its SHA-256, the columns, calibrations, thresholds and how
the model came to be. Loading verifies all of it before anything is used. Saving writes beside the
goal and renames, so a bundle is there whole or not at all.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
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
from gnn.network import NETWORK_COLUMNS, Network
from graph.errors import BundleCorrupt, ModelMismatch, ModelMissing

FORMAT = 2  # 1 had one forest a stage, fitted on everybody
MANIFEST = "manifest.json"
ARRAYS = "arrays.safetensors"
NETWORK = "network.safetensors"
COLUMNS: dict[str, tuple[str, ...]] = {
    "signup": SIGNUP_COLUMNS,
    "own": ACCOUNT_COLUMNS,
    "near": MATES_COLUMNS,
    "far": MATES_COLUMNS,
}
"""What each kind of forest is given."""


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
class Seats:
    """Which fold an account of the training was in; its id is kept as a digest only.

    ``account`` is uint64 [A], ascending; ``fold`` int8 [A].
    """

    account: npt.NDArray[np.uint64]
    fold: npt.NDArray[np.int8]

    @classmethod
    def of(cls, folds: Mapping[str, int]) -> "Seats":
        """The seats of the accounts in ``folds``."""
        digests = _digests(folds)
        order = np.argsort(digests)
        return cls(digests[order], np.array(list(folds.values()), np.int8)[order])

    def fold_of(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """The fold of each account, -1 for those that were not trained on; int64 [len(keys)]."""
        if not len(self.account):
            return np.full(len(keys), -1, np.int64)
        digests = _digests(keys)
        place = np.minimum(np.searchsorted(self.account, digests), len(self.account) - 1)
        held = self.account[place] == digests
        return np.where(held, self.fold[place], -1).astype(np.int64)


def _digests(keys: Iterable[str]) -> npt.NDArray[np.uint64]:
    joined = b"".join(hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(joined, "<u8").astype(np.uint64)


NOBODY = Seats(np.empty(0, np.uint64), np.empty(0, np.int8))


@dataclass(frozen=True)
class Bundle:
    """Everything a scorer needs.

    ``forests`` holds ``signup`` and, a forest for each fold, ``own.0``, ``near.0``, ``far.0`` and
    so on; ``seats`` who was in which fold; ``calibrations`` ``signup`` and ``account``; ``usual``
    the ordinary value of each column by kind of forest, float32 [F] (what a reason compares with).
    ``notes`` is for people and the model card: figures of training, settings, moments; it takes
    part in the digest. ``network`` is None where there was too little to teach one.
    """

    forests: Mapping[str, Booster]
    calibrations: Mapping[str, Calibration]
    thresholds: Thresholds
    usual: Mapping[str, npt.NDArray[np.float32]]
    trained_as_of: int
    notes: Mapping[str, object] = field(default_factory=dict)
    seats: Seats = NOBODY
    network: Network | None = None

    def stage(self, name: str) -> tuple[Booster, ...]:
        """The forests of a stage, by fold."""
        return tuple(self.forests[n] for n in sorted(self.forests) if n.startswith(f"{name}."))

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
        arrays: dict[str, npt.NDArray[Any]] = {
            "seats.account": self.seats.account,
            "seats.fold": self.seats.fold,
            **{f"usual.{name}": values for name, values in sorted(self.usual.items())},
        }
        files[ARRAYS] = save(arrays)
        if self.network is not None:
            files[NETWORK] = save(self.network.arrays())
        return files

    def _manifest(self, files: Mapping[str, bytes]) -> dict[str, object]:
        return {
            "format": FORMAT,
            "trained_as_of": self.trained_as_of,
            "columns": self._columns(),
            "calibrations": {name: asdict(c) for name, c in self.calibrations.items()},
            "thresholds": asdict(self.thresholds),
            "notes": dict(self.notes),
            "files": {
                name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())
            },
        }

    def _columns(self) -> dict[str, list[str]]:
        columns = {name: list(forest.columns) for name, forest in self.forests.items()}
        return columns if self.network is None else {**columns, "network": list(NETWORK_COLUMNS)}


def digest_of(folder: Path) -> str:
    """The digest that the manifest in ``folder`` claims and bears out; files are not looked at.

    Raises:
        ModelMissing: if there is no bundle.
        BundleCorrupt: if the manifest was changed.
    """
    return _digest(_read_manifest(folder))


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
    for name, held in ((name, tuple(names)) for name, names in columns.items()):
        known = {**COLUMNS, "network": NETWORK_COLUMNS}.get(name.split(".")[0], ())
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
            if name != "network"
        },
        calibrations={name: Calibration(**c) for name, c in manifest["calibrations"].items()},
        thresholds=Thresholds(**manifest["thresholds"]),
        usual={n.removeprefix("usual."): a for n, a in arrays.items() if n.startswith("usual.")},
        trained_as_of=int(manifest["trained_as_of"]),
        notes=manifest["notes"],
        seats=Seats(arrays["seats.account"], arrays["seats.fold"]),
        network=Network.of(load(files[NETWORK])) if NETWORK in files else None,
    )
