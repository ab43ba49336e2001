"""Evidence packs: a folder with a ring's dossier, a page to read, and a manifest that holds it.

The manifest chains the files: each entry's hash covers the one before it, and the last one names
the whole pack. With a key the head is sealed (HMAC-SHA-256), so that a pack cannot be altered and
re-chained by who does not have the key. The same ring on the same inputs gives the same bytes.
"""

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.errors import NotFound
from graph.rings.pack_page import page

MANIFEST = "manifest.json"
FORMAT = 1
START = "0" * 64
SEAL_PURPOSE = b"ringsight evidence pack"
"""What a deployment's key is drawn for where it seals packs."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with a file of a pack, or with its manifest."""

    file: str
    problem: str


def write_pack(folder: Path, dossier: Mapping[str, Any], key: bytes | None = None) -> str:
    """Write a dossier (:func:`graph.rings.dossier.dossier`) as a pack; gives the head of its chain.

    Args:
        folder: made if it is missing; files of an earlier pack in it are replaced.
        dossier: the data by part; each part becomes a JSON file.
        key: seals the pack; :func:`verify_pack` wants the same one.
    """
    return lay_down(folder, sealed(dossier, key))


def sealed(dossier: Mapping[str, Any], key: bytes | None = None) -> dict[str, bytes]:
    """A pack as its files by name, the manifest last."""
    files = {f"{part}.json": _json(data) for part, data in dossier.items()}
    files["report.html"] = page(dossier).encode()
    entries = list(_chain({name: _sha(data) for name, data in files.items()}))
    head = str(entries[-1]["chain"])
    manifest = {"format": FORMAT, "files": entries, "head": head, "seal": _seal(head, key)}
    return {**files, MANIFEST: _json(manifest)}


def lay_down(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write a pack's files into ``folder``; gives the head of its chain."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return str(json.loads(files[MANIFEST])["head"])


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A pack as one zip file; equal packs give equal bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # its time is 1980, not now
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return whole.getvalue()


def verify_pack(folder: Path, key: bytes | None = None) -> list[Breach]:
    """Everything that is not as it was written; empty for a sound pack.

    Raises:
        NotFound: if the folder holds no manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        listed = {entry["file"]: entry for entry in manifest["files"]}
        head, seal = manifest["head"], manifest["seal"]
    except FileNotFoundError:
        raise NotFound(f"no {MANIFEST} in {folder.name}") from None
    except (ValueError, KeyError, TypeError):
        return [Breach(MANIFEST, "cannot be read")]
    found = list(_changed(folder, listed))
    chain = list(_chain({name: str(entry["sha256"]) for name, entry in listed.items()}))
    if chain != manifest["files"] or not chain or chain[-1]["chain"] != head:
        found.append(Breach(MANIFEST, "the chain of hashes is broken"))
    if key is not None and not hmac.compare_digest(str(seal), str(_seal(str(head), key))):
        found.append(Breach(MANIFEST, "the seal was not made with this key"))
    return found


def _changed(folder: Path, listed: Mapping[str, Mapping[str, str]]) -> Iterator[Breach]:
    present = {path.name for path in folder.iterdir() if path.name != MANIFEST}
    yield from (Breach(name, "is missing") for name in sorted(set(listed) - present))
    yield from (Breach(name, "is not in the manifest") for name in sorted(present - set(listed)))
    for name in sorted(present & set(listed)):
        if _sha((folder / name).read_bytes()) != listed[name]["sha256"]:
            yield Breach(name, "differs from what was written")


def _chain(digests: Mapping[str, str]) -> Iterator[dict[str, str]]:
    before = START
    for name, digest in sorted(digests.items()):
        before = _sha(f"{before}\n{name}\n{digest}".encode())
        yield {"file": name, "sha256": digest, "chain": before}


def _seal(head: str, key: bytes | None) -> str | None:
    return None if key is None else hmac.new(key, head.encode(), hashlib.sha256).hexdigest()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(data: object) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
