"""What one refresh leaves for the next, kept in a folder: prompt clusters, edges, rings.

Plain files (npz, Parquet, JSON; no pickle), written beside the goal and renamed, so that the folder
holds one refresh whole or is not there. The store's generation is the judge of how far things got:
a refresh that published and was killed before it kept its state is counted, not repeated under the
same number. It knows nothing of how a refresh works (:mod:`etl.refresh`).
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from etl.asked import Asked
from etl.refreshed import RefreshState
from graph.errors import StoreCorrupt
from graph.prompts import ClusterIndex
from graph.rings import Rings

FORMAT = 1


def keep(state: RefreshState, folder: Path) -> None:
    """Write ``state`` to ``folder``, in place of what is there."""
    fresh, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for rest in (fresh, old):
        shutil.rmtree(rest, ignore_errors=True)
    fresh.mkdir(parents=True)
    asked = state.asked
    asked.index.save(fresh / "index.npz")
    asked.settled.write_parquet(fresh / "settled.parquet")
    if asked.clusters is not None:
        pq.write_table(asked.clusters, fresh / "clusters.parquet")
    if state.edges is not None:
        state.edges.write_parquet(fresh / "edges.parquet")
    if state.rings is not None:
        rings, members = state.rings.tables()
        pq.write_table(rings, fresh / "rings.parquet")
        pq.write_table(members, fresh / "members.parquet")
    head = {
        "format": FORMAT,
        "number": state.number,
        "fitted_at": asked.fitted_at,
        "settled_until": asked.settled_until,
        "rings_as_of": None if state.rings is None else state.rings.as_of,
    }
    (fresh / "state.json").write_text(json.dumps(head) + "\n", encoding="utf-8")
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def kept(folder: Path, key_id: str, published: int) -> RefreshState:
    """What :func:`keep` wrote, or the beginning; ``published`` is the store's generation.

    Raises:
        StoreCorrupt: if the folder holds something else.
        KeyRefused: if it was made under another pseudonym key.
    """
    if not (folder / "state.json").exists():
        return RefreshState(Asked.nothing(key_id), published)
    try:
        head = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise StoreCorrupt(f"refresh state of format {head['format']}, not {FORMAT}")
        asked = Asked(
            ClusterIndex.load(folder / "index.npz", key_id),
            _table(folder / "clusters.parquet"),
            int(head["fitted_at"]),
            pl.read_parquet(folder / "settled.parquet"),
            int(head["settled_until"]),
        )
        state = RefreshState(asked, max(int(head["number"]), published), _rings(folder, head))
    except (OSError, ValueError, KeyError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        text = f"the refresh state in {folder} cannot be read: {type(error).__name__}; remove it"
        raise StoreCorrupt(text) from error
    edges = folder / "edges.parquet"
    return replace(state, edges=pl.read_parquet(edges)) if edges.exists() else state


def _rings(folder: Path, head: dict[str, int | None]) -> Rings | None:
    rings, members = _table(folder / "rings.parquet"), _table(folder / "members.parquet")
    as_of = head["rings_as_of"]
    if as_of is None or rings is None or members is None:
        return None
    return Rings.of_tables(as_of, rings, members)


def _table(path: Path) -> pa.Table | None:
    return pq.read_table(path) if path.exists() else None
