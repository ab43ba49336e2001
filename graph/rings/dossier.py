"""Everything an evidence pack says about one ring, as plain data computed from a refresh's inputs.

Members with what ties each to the others, links with their times and weights, what is shared,
templates in redacted form, activity by day, reasons and counter-evidence, the rings beside it, and
where it all came from. Equal inputs give equal data; nothing personal is in the inputs, so nothing
personal is here.
:mod:`graph.rings.pack` writes it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from graph.rings import links, relations
from graph.rings.belonging import belonging
from graph.rings.inputs import DAY_US, Ints, RingInputs
from graph.rings.model import Family, Ring
from graph.rings.record import Provenance
from graph.rings.relations import Incidence

MAX_LINKS = 2_000
MAX_ENTITIES = 500


def dossier(
    ring: Ring,
    inputs: RingInputs,
    provenance: Provenance,
    templates: Mapping[str, str] | None = None,
    kinship: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The pack's data by part: ring, members, links, shared, activity, kin and provenance.

    Args:
        ring: the ring, as found on these inputs.
        inputs: what it was found on.
        provenance: what made the numbers.
        templates: prompt cluster id -> redacted template, for clusters that may be shown.
        kinship: what :func:`graph.rings.kin.kin` tells of the ring; None where it tells nothing.
    """
    rows = _rows(ring, inputs)
    held = list(relations.incidences(inputs))
    return {
        "ring": ring.detail(),
        "members": _members(ring, inputs, rows),
        "links": _links(inputs, held, rows),
        "shared": _shared(inputs, held, rows, templates or {}),
        "activity": _activity(inputs, rows),
        "kin": {"relatives": [], "roles": {}, "pools": []} | dict(kinship or {}),
        "provenance": {
            "as_of": moment(inputs.as_of),
            "snapshot_digest": inputs.snapshot.digest,
            "software": provenance.software,
            "model_version": provenance.model_version,
            "model_digest": provenance.model_digest,
        },
    }


def moment(at: int) -> str:
    """A time as people and courts read it: ISO 8601, UTC, whole seconds."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def _rows(ring: Ring, inputs: RingInputs) -> Ints:
    return np.sort(inputs.known(ring.account_ids))


def _ids(inputs: RingInputs, rows: Ints) -> list[str]:
    return list(inputs.account_ids.take(pa.array(rows)).to_pylist())


def _members(ring: Ring, inputs: RingInputs, rows: Ints) -> list[dict[str, Any]]:
    place = {name: int(row) for name, row in zip(_ids(inputs, rows), rows, strict=True)}
    count = np.bincount(inputs.request_columns.account, minlength=inputs.size)
    told = belonging(inputs, ring)
    return [
        {
            "account_id": member.account_id,
            "strength": member.strength,
            "since": moment(member.since),
            "created_at": moment(int(inputs.created_at[place[member.account_id]])),
            "last_seen": moment(int(inputs.last_seen[place[member.account_id]])),
            "requests": int(count[place[member.account_id]]),
            "suspicion": _suspicion(inputs, place[member.account_id]),
            "tied_by": {f.value: nats for f, nats in told[member.account_id].items() if nats},
        }
        for member in ring.members
        if member.account_id in place
    ]


def _suspicion(inputs: RingInputs, row: int) -> float | None:
    if inputs.suspicion is None or np.isnan(inputs.suspicion[row]):
        return None
    return round(float(inputs.suspicion[row]), 6)


def _links(inputs: RingInputs, held: Sequence[Incidence], rows: Ints) -> list[dict[str, Any]]:
    """The strongest pairs of members, with what each family brings (nats)."""
    tied = links.weigh(held, inputs)
    inside = {f: m[rows][:, rows].tocsr() for f, m in tied.families.items()}
    if not inside:
        return []
    total = sparse.triu(sum(inside.values(), sparse.csr_array((len(rows),) * 2)), 1).tocoo()
    order = np.lexsort((total.col, total.row, -np.round(total.data, 6)))[:MAX_LINKS]
    names = _ids(inputs, rows)
    return [
        {
            "accounts": [names[total.row[k]], names[total.col[k]]],
            "weight": round(float(total.data[k]), 4),
            "families": _brought(inside, int(total.row[k]), int(total.col[k])),
        }
        for k in order
    ]


def _brought(inside: Mapping[Family, sparse.csr_array], i: int, j: int) -> dict[str, float]:
    found = {family.value: round(float(matrix[i, j]), 4) for family, matrix in inside.items()}
    return {family: weight for family, weight in sorted(found.items()) if weight}


def _shared(
    inputs: RingInputs, held: Sequence[Incidence], rows: Ints, templates: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What two or more members hold, heaviest first, with its times and its holders elsewhere."""
    member = np.zeros(inputs.size, np.bool_)
    member[rows] = True
    found: list[dict[str, Any]] = []
    for incidence in held:
        ours = np.flatnonzero(member[incidence.account])
        entity = incidence.entity[ours]
        count = np.bincount(entity, minlength=len(incidence.weight))
        for row in np.flatnonzero((count >= 2) & (incidence.weight > 0)):
            edges = ours[entity == row]
            key = str(incidence.keys[int(row)].as_py())
            found.append(
                {
                    "entity": incidence.entity_id(int(row)),
                    "relation": incidence.relation.verb,
                    "family": incidence.relation.family.value,
                    "members": int(count[row]),
                    "all_holders": int(incidence.degree[row]),
                    "usual_fellow_holders": round(float(incidence.crowd[row]), 2),
                    "weight": round(float(incidence.weight[row]), 4),
                    "first_seen": moment(int(incidence.first[edges].min())),
                    "last_seen": moment(int(incidence.last[edges].max())),
                    "why": incidence.why.get(int(row)),
                    "template": templates.get(key),
                }
            )
    found.sort(key=lambda item: (-item["weight"] * item["members"], item["entity"]))
    return found[:MAX_ENTITIES]


def _activity(inputs: RingInputs, rows: Ints) -> dict[str, Any]:
    """Requests a member and day, from the first sign-up or request to the moment of the pack."""
    requests = inputs.request_columns
    place = np.full(inputs.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = place[requests.account] >= 0
    first = int(min([*inputs.created_at[rows], *requests.at[inside][:1], inputs.as_of]))
    start = max(first, inputs.as_of - 120 * DAY_US) // DAY_US
    days = inputs.as_of // DAY_US - start + 1
    counts = np.zeros((len(rows), days), np.int64)
    day = requests.at[inside] // DAY_US - start
    recent = day >= 0
    np.add.at(counts, (place[requests.account[inside]][recent], day[recent]), 1)
    return {
        "first_day": moment(start * DAY_US)[:10],
        "accounts": _ids(inputs, rows),
        "requests": counts.tolist(),
    }
