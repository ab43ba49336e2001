"""Simulated worlds in the event contract: seeded, with rings, honest crowds and tactics.

``simulate(out, preset, seed)`` writes one; ``world`` makes one in memory; ``small_world`` is the
fixture of the project's tests. Crowds are in :mod:`graph.simulate.crowds`, tactics in
:mod:`graph.simulate.tactics`, presets in :mod:`graph.simulate.presets`; how hard a world is
measures :mod:`graph.simulate.hardness`. Nothing here knows how fraud is found.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graph.errors import InputError
from graph.simulate.presets import PRESETS, WorldSpec, preset_named
from graph.simulate.registry import CROWDS, TACTICS, tactic_named
from graph.simulate.tables import digest, table
from graph.simulate.world import World, world
from graph.simulate.writing import FORMATS, Progress, write

__all__ = [
    "CROWDS",
    "FORMATS",
    "PRESETS",
    "TACTICS",
    "Progress",
    "World",
    "WorldSpec",
    "digest",
    "preset_named",
    "simulate",
    "small_world",
    "table",
    "with_tactics",
    "world",
    "write",
]


def simulate(
    out: Path,
    preset: str | WorldSpec = "demo",
    seed: int = 1,
    tactics: Sequence[str] | None = None,
    fmt: str = "parquet",
    progress: Progress | None = None,
) -> World:
    """Writes a world under ``out`` and gives it back.

    Args:
        out: the folder; gets ``events/``, ``truth/`` and ``world.json``.
        preset: a preset's name (see ``PRESETS``) or a specification.
        seed: the chance; the same preset and seed give the same bytes.
        tactics: every campaign uses these instead of its own (``name`` or ``name:strength``).
        fmt: ``parquet``, ``csv`` or ``jsonl``.
        progress: told the table and the rows written so far.

    Raises:
        UnknownName: for an unknown preset, tactic or form.
        InputError: for a strength that is no number of 0..1.
    """
    spec = preset_named(preset) if isinstance(preset, str) else preset
    made = world(with_tactics(spec, tactics) if tactics else spec, seed)
    write(made, Path(out), fmt, progress)
    return made


def with_tactics(spec: WorldSpec, tactics: Sequence[str]) -> WorldSpec:
    """The specification with every campaign on these tactics (``name`` or ``name:strength``).

    Raises:
        UnknownName: for an unknown tactic.
        InputError: for a strength that is no number of 0..1.
    """
    pairs = tuple(_strength(text) for text in tactics)
    campaigns = tuple(replace(campaign, tactics=pairs) for campaign in spec.campaigns)
    return replace(spec, campaigns=campaigns)


def _strength(text: str) -> tuple[str, float | None]:
    name, _, number = text.partition(":")
    tactic_named(name)
    if not number:
        return name, None
    try:
        strength = float(number)
    except ValueError:
        strength = -1.0
    if not 0.0 <= strength <= 1.0:
        raise InputError(f"the strength of tactic {name!r} is {number!r}; it must be 0..1")
    return name, strength


def small_world(accounts: int = 200, rings: int = 3, seed: int = 7) -> World:
    """A world for tests, made in a second: so many accounts, of which ``rings`` small campaigns."""
    small = PRESETS["small"]
    size = max(6, accounts // 20)
    chosen = [small.campaigns[i % len(small.campaigns)] for i in range(rings)]
    campaigns = tuple(replace(campaign, accounts=size) for campaign in chosen)
    honest = max(accounts - rings * size, 20)
    return world(replace(small, honest=honest, campaigns=campaigns, volume=0.5), seed)
