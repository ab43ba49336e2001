"""What a refresh leaves for the time until the next one: whom to look out for, and in which words.

The likenesses of the rings flagged for action and of those banned before (:mod:`graph.rings.live`
matches events to them), and the prompt templates that requests are looked up in. A job writes the
list beside its other results and a service takes it up as soon as it sees that refresh; a back-test
makes the same list and writes nothing. It names no account: members are the store's to tell.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from graph.cleaned import unpack_mark
from graph.errors import BundleCorrupt
from graph.facts import Event, Request
from graph.prompts import ClusterIndex
from graph.rings.genome import genomes
from graph.rings.inputs import DAY_US, HOUR_US, RingInputs, created_in
from graph.rings.live import ESTABLISHED_US, LiveMatcher
from graph.rings.model import Rings
from graph.rings.profile import Profile, profiles
from graph.schema import NodeType
from graph.snapshot import Snapshot

FOLDER = "watchlist"
"""Its name beside what one refresh leaves for the next."""
FORMAT = 1
CARRIED_US = 2 * DAY_US
"""How far back before a refresh newcomers' evidence counts on, against rings as they are now."""
EARLY_US = 12 * HOUR_US
"""A refresh before its time comes at most this often."""
_LIST, _INDEX = "likenesses.json", "index.npz"


class Chronicle(Protocol):
    """Whoever can tell events in the order of time: a :class:`graph.journal.journal.Journal`."""

    def events(
        self, since: int | None = None, until: int | None = None, *, marks: bool = False
    ) -> Iterator[Event]:
        """Events with ``since < at <= until`` (us)."""
        ...


@dataclass(frozen=True)
class Watchlist:
    """The list of refresh ``number``, as of ``as_of`` (us)."""

    number: int
    as_of: int
    profiles: tuple[Profile, ...]
    index: ClusterIndex

    @classmethod
    def of(cls, inputs: RingInputs, rings: Rings, index: ClusterIndex, number: int) -> Self:
        """Living rings that call for action, and banned ones that none of those goes on from."""
        known = profiles(inputs, rings.flagged)
        named = {profile.ring_id for profile in known}
        known += [genome for genome in genomes(rings) if genome.ring_id not in named]
        return cls(number, inputs.as_of, tuple(known), index)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that matching goes by."""
        return hashlib.sha256(json.dumps(self._content(), sort_keys=True).encode()).hexdigest()

    def matcher(
        self, members: Mapping[str, str], established: Callable[[str], bool] | None = None
    ) -> LiveMatcher:
        """Begin to match; ``members`` (account id -> ring id) are already in a flagged ring.

        ``established`` says of an account id whether it had a history by this refresh.
        """
        return LiveMatcher(self.profiles, members, self.as_of, established)

    def told(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events, requests with the cluster of their prompt."""
        return (clustered(event, self.index) for event in events)

    def catch_up(self, matcher: LiveMatcher, journal: Chronicle) -> Iterator[int]:
        """Let ``matcher`` see what came since shortly before the refresh; gives the count so far.

        Accounts flagged by what came before the refresh are flagged as of the refresh.
        """
        if not self.profiles:
            return
        events = self.told(journal.events(self.as_of - CARRIED_US, None, marks=True))
        for count, event in enumerate(events, 1):
            found = matcher.see(event)
            if found is not None and found.at < self.as_of:
                matcher.flagged_from(found.account_id, self.as_of)
            yield count

    def save(self, folder: Path) -> None:
        """Write the list to ``folder``; a reader sees the old one or this one, never a mixture."""
        folder.mkdir(parents=True, exist_ok=True)
        self.index.save(folder / _INDEX)
        partial = folder / f"{_LIST}.partial"
        text = json.dumps({"digest": self.digest, **self._content()}, sort_keys=True)
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(folder / _LIST)

    @classmethod
    def load(cls, folder: Path, key_id: str | None = None) -> Self:
        """What :meth:`save` wrote.

        Raises:
            FileNotFoundError: if no refresh has left a list.
            BundleCorrupt: if it is damaged, or being replaced right now.
            KeyRefused: if it was made under another pseudonym key.
        """
        try:
            form = json.loads((folder / _LIST).read_text(encoding="utf-8"))
            if form["format"] != FORMAT:
                raise BundleCorrupt(f"a watchlist of format {form['format']}, not {FORMAT}")
            index = ClusterIndex.load(folder / _INDEX, key_id)
            known = tuple(Profile.of(one) for one in form["profiles"])
            found = cls(int(form["number"]), int(form["as_of"]), known, index)
        except (ValueError, KeyError, TypeError) as error:
            raise BundleCorrupt(f"{_LIST} is no watchlist: {type(error).__name__}") from error
        if found.digest != form["digest"]:
            raise BundleCorrupt("the watchlist's digest does not match its content")
        return found

    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "number": self.number,
            "as_of": self.as_of,
            "index": self.index.digest,
            "profiles": [profile.as_json() for profile in self.profiles],
        }


def members_of(rings: Rings) -> dict[str, str]:
    """The ring of every account that is in one flagged for action."""
    return {m.account_id: ring.ring_id for ring in rings.flagged for m in ring.members}


def clustered(event: Event, index: ClusterIndex) -> Event:
    """A request with the cluster of its prompt, else of its system prompt; others as they are."""
    if not isinstance(event, Request) or not event.mark or not len(index):
        return event
    mark = unpack_mark(event.mark)
    found = (
        index.assign(np.frombuffer(sketch, "<u8")).cluster_id
        for sketch in (mark.sketch, mark.system_sketch)
    )
    return replace(event, cluster=next((one for one in found if one is not None), None))


def established(snapshot: Snapshot, as_of: int) -> frozenset[str]:
    """The accounts of ``snapshot`` that have a history by the refresh of ``as_of`` (us)."""
    ids = snapshot.keys(NodeType.ACCOUNT)
    old = np.flatnonzero(as_of - created_in(snapshot) >= ESTABLISHED_US)
    return frozenset(ids.take(old).to_pylist())
