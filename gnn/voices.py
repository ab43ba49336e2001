"""What each entity would tell a newcomer, as a refresh leaves it: the graph network at sign-up.

A refresh runs one network over everybody it knows and keeps the states of all entities; whoever
signs up later hears those of what it names, which is one hop and a few small products. Nothing of
its own behaviour is known by then, so that its own columns are left unknown: what the network says
is about the company it would keep. That is a column of the sign-up's row beside all others, and
training makes it by networks that never saw the label of the sign-up's ring. Entities are kept by a
digest of their ids. It knows nothing of stores.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.last_hop import Rows, Told
from gnn.network import Company, Network
from gnn.vicinity import LINKS, Vicinity
from graph.errors import BundleCorrupt
from graph.schema import EDGE_OF, node_id
from graph.snapshot import Snapshot

FORMAT = 1
NEWCOMERS = 0
"""The network that newcomers hear: one, as each sign-up of a training heard one."""
_HEAD, _PARTS = "voices.json", ("names", "speaking", "states")

UInts = npt.NDArray[np.uint64]
Names = Mapping[str, UInts]


def names_of(snapshot: Snapshot) -> Names:
    """The digests of the entities of each kind of link, in the snapshot's order."""
    return {
        link.name: _digests(
            node_id(EDGE_OF[link.verb].target, key)
            for key in snapshot.keys(EDGE_OF[link.verb].target).to_pylist()
        )
        for link in LINKS
    }


@dataclass(frozen=True)
class Voices:
    """States of entities: ``names`` uint64 [M] ascending, ``states`` [M, rounds, width].

    ``speaking`` [M] is how many accounts each has. ``network`` is the digest of what made the
    states and ``judge`` which of its networks; ``number`` is the refresh's.
    """

    network: str
    judge: int
    number: int
    names: UInts
    speaking: Rows
    states: Rows

    @classmethod
    def of(
        cls,
        network: Network,
        company: Company,
        names: Names,
        *,
        judge: int = NEWCOMERS,
        number: int = 0,
    ) -> "Voices":
        """Everybody in ``company`` speaks, to the network that is number ``judge``."""
        from gnn.encoder import encoder_of, voices_of  # noqa: PLC0415 - brings torch

        net = encoder_of(network.weights[judge], company.links)
        said = voices_of(net, network.scale(company.columns), company.links)
        found = [(names[kind], *said[kind]) for kind in names]
        parts = [np.concatenate([one[n] for one in found]) for n in range(3)]
        heard = np.flatnonzero(parts[1] > 0)
        order = heard[np.argsort(parts[0][heard], kind="stable")]
        return cls(network.digest, judge, number, *(part[order] for part in parts))

    def heard(self, network: Network | None, vicinity: Vicinity) -> float:
        """What ``network`` makes of a newcomer's company, 0..1.

        NaN where nobody speaks, or where other weights made these states.
        """
        told = self.told(vicinity)
        if network is None or network.digest != self.network or not told:
            return math.nan
        margin = network.hops[self.judge].margin(network.stranger, told)
        return 1.0 / (1.0 + math.exp(-margin))

    def told(self, vicinity: Vicinity) -> list[Told]:
        """What the entities that a sign-up names tell it."""
        ties = vicinity.ties.values()
        kinds = [tie.link.name for tie in ties]
        asked = _digests(node_id(EDGE_OF[tie.link.verb].target, tie.key) for tie in ties)
        rows = np.searchsorted(self.names, asked)
        return [
            Told(kind, np.asarray(self.states[row]), int(self.speaking[row]))
            for kind, row, name in zip(kinds, rows.tolist(), asked, strict=True)
            if row < len(self.names) and self.names[row] == name
        ]

    def save(self, folder: Path) -> None:
        """Write to ``folder``; a reader finds the old ones or these, never a mixture."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            np.save(folder / _file(part, self.number), getattr(self, part), allow_pickle=False)
        head = {
            "format": FORMAT,
            "number": self.number,
            "network": self.network,
            "judge": self.judge,
        }
        partial = folder / f"{_HEAD}.partial"
        partial.write_text(json.dumps(head) + "\n", encoding="utf-8")
        partial.replace(folder / _HEAD)
        kept = {folder / _file(part, self.number) for part in _PARTS}
        for old in set(folder.glob("voices-*.npy")) - kept:
            old.unlink()

    @classmethod
    def load(cls, folder: Path) -> "Voices | None":
        """What :meth:`save` wrote, states read from the disk as they are asked for; None without.

        Raises:
            BundleCorrupt: if it is damaged, or being replaced right now.
        """
        try:
            head: dict[str, Any] = json.loads((folder / _HEAD).read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise BundleCorrupt(f"voices of format {head['format']}, not {FORMAT}")
            number = int(head["number"])
            names, speaking = (np.load(folder / _file(p, number)) for p in _PARTS[:2])
            states = np.load(folder / _file("states", number), mmap_mode="r")
            return cls(str(head["network"]), int(head["judge"]), number, names, speaking, states)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, EOFError) as error:
            raise BundleCorrupt(f"voices cannot be read: {type(error).__name__}") from error


def _file(part: str, number: int) -> str:
    return f"voices-{part}-{number}.npy"


def _digests(ids: Iterable[str]) -> UInts:
    joined = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids)
    return np.frombuffer(joined, "<u8").astype(np.uint64)
