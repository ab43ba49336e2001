"""The page of an evidence pack: self-contained HTML that prints well, with a drawn timeline.

No script, no outside resource; everything from the dossier is escaped. It knows only the dossier's
parts (:mod:`graph.rings.dossier`) and the words for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from graph.kinship import Kinship, Part, Role

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1f24; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d0d7de;
  vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { color: #57606a; } code { font-size: .85em; } svg { max-width: 100%; height: auto; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } }
"""
MAX_ROWS = 60


def page(dossier: Mapping[str, Any]) -> str:
    """The whole page."""
    ring = dossier["ring"]
    parts = [
        _opening(dossier),
        _section("Why these accounts are taken for one ring", _reasons(ring["reasons"])),
        _section("What speaks against it", _reasons(ring["counter_evidence"])),
        _section("Activity", _timeline(dossier["activity"])),
        _section("Members", _members(dossier["members"], dossier["kin"]["roles"])),
        _section("Its parts", _pools(dossier["kin"]["pools"])),
        _section("Rings that stand near it", _relatives(dossier["kin"]["relatives"])),
        _section("What members have in common", _shared(dossier["shared"])),
        _section("Strongest links", _links(dossier["links"])),
        _section("How this was made", _provenance(dossier["provenance"])),
    ]
    title = f"Evidence on {escape(ring['ring_id'])}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>"


def _opening(dossier: Mapping[str, Any]) -> str:
    ring, members = dossier["ring"], dossier["members"]
    action = "calls for action" if ring["flagged"] else "does not call for action"
    voices = ", ".join(f"{name} {nats:.1f}" for name, nats in ring["families"].items() if nats)
    return (
        f"<p>{len(members)} accounts, judged as of {escape(dossier['provenance']['as_of'])}. The "
        f"evidence puts the chance that one operator runs them for no honest end at "
        f"<strong>{ring['score']:.1%}</strong>; the ring <strong>{action}</strong> and is taken "
        f"for: <strong>{escape(ring['verdict'])}</strong>.</p>\n"
        '<p class="note">Weights are natural logarithms of likelihood ratios: 2.3 means ten times '
        "as likely if the accounts belong to one operator, negative weights speak for innocence. "
        "No ring is flagged on one family of evidence alone. By family: "
        f"{escape(voices) or 'none'}.</p>"
    )


def _reasons(reasons: Sequence[Mapping[str, Any]]) -> str:
    if not reasons:
        return "<p>Nothing was found.</p>"
    rows = ((r["sentence"], r["family"] or "", f"{r['weight']:+.2f}") for r in reasons)
    return _table(("What was seen, and what is usual", "Family", "Weight"), rows, numbers={2})


def _members(members: Sequence[Mapping[str, Any]], roles: Mapping[str, Mapping[str, Any]]) -> str:
    rows = (
        (
            m["account_id"],
            f"{m['strength']:.2f}",
            m["created_at"],
            m["last_seen"],
            m["requests"],
            _tied(m["tied_by"]),
            _carried(roles.get(m["account_id"])),
        )
        for m in members[:MAX_ROWS]
    )
    head = ("Account", "Strength", "Signed up", "Last seen", "Requests", "Tied by", "Carries")
    return _table(head, rows, numbers={1, 4}) + _rest(members, "members.json")


def _tied(families: Mapping[str, float]) -> str:
    """What ties an account to the other members, heaviest first, in nats."""
    heaviest = sorted(families.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{family} {nats:+.1f}" for family, nats in heaviest) or "nothing"


def _carried(role: Mapping[str, Any] | None) -> str:
    if role is None:
        return "too little is known"
    return f"{Role(role['role']).says} ({role['kit_share']:.0%} from the ring's own templates)"


def _pools(pools: Sequence[Mapping[str, Any]]) -> str:
    if not pools:
        return "<p>Too little is known to part its accounts.</p>"
    rows = (
        (
            f"Accounts {Part(pool['part']).says} {pool['ring_id'] or ''}".strip(),
            len(pool["accounts"]),
            ", ".join(pool["accounts"][:MAX_ROWS]),
        )
        for pool in pools
    )
    return _table(("Part", "Accounts", "Which"), rows, numbers={1})


def _relatives(relatives: Sequence[Mapping[str, Any]]) -> str:
    if not relatives:
        return "<p>None was found.</p>"
    rows = (
        (
            near["ring_id"],
            Kinship(near["kind"]).says,
            "; ".join(reason["sentence"] for reason in near["reasons"]),
            f"{near['weight']:.2f}",
        )
        for near in relatives
    )
    return _table(("Ring", "It is", "What was seen", "Weight"), rows, numbers={3})


def _shared(shared: Sequence[Mapping[str, Any]]) -> str:
    rows = (
        (
            s["entity"],
            s["template"] or s["why"] or "",
            f"{s['members']} of {s['all_holders']}",
            f"{s['weight']:.2f}",
            f"{s['first_seen']} to {s['last_seen']}",
        )
        for s in shared[:MAX_ROWS]
    )
    head = ("Entity", "Template or note", "Members of all holders", "Weight", "Seen")
    return _table(head, rows, numbers={3}) + _rest(shared, "shared.json")


def _links(links: Sequence[Mapping[str, Any]]) -> str:
    rows = (
        (
            " and ".join(link["accounts"]),
            ", ".join(f"{name} {nats:.1f}" for name, nats in link["families"].items()),
            f"{link['weight']:.2f}",
        )
        for link in links[:MAX_ROWS]
    )
    return _table(("Accounts", "By family", "Weight"), rows, numbers={2}) + _rest(
        links, "links.json"
    )


def _provenance(provenance: Mapping[str, Any]) -> str:
    rows = ((name, value if value is not None else "none") for name, value in provenance.items())
    return _table(("What", "Value"), rows)


def _rest(items: Sequence[object], file: str) -> str:
    if len(items) <= MAX_ROWS:
        return ""
    return f'<p class="note">{len(items) - MAX_ROWS} more in {escape(file)}.</p>'


def _table(
    head: Sequence[str], rows: Iterable[Sequence[object]], numbers: set[int] | None = None
) -> str:
    right = numbers or set()

    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{escape(str(value))}</{tag}>"
            for i, value in enumerate(values)
        )

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _timeline(activity: Mapping[str, Any]) -> str:
    """A row a member, a column a day; the darker, the more requests."""
    counts = activity["requests"][:200]
    if not counts or not any(map(any, counts)):
        return "<p>No requests are known.</p>"
    days, most = len(counts[0]), max(map(max, counts))
    wide, tall, left = max(3, min(12, 900 // days)), 6, 4
    cells = "".join(
        f'<rect x="{left + day * wide}" y="{row * tall}" width="{wide - 1}" height="{tall - 1}" '
        f'fill="#0b3d91" fill-opacity="{0.15 + 0.85 * count / most:.2f}"/>'
        for row, line in enumerate(counts)
        for day, count in enumerate(line)
        if count
    )
    label = f"Requests a member (row) and day (column) from {escape(activity['first_day'])}"
    size = f'viewBox="0 0 {left + days * wide} {len(counts) * tall}"'
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" {size} '
        f'width="{left + days * wide}" height="{len(counts) * tall}">{cells}</svg>'
        f'<figcaption class="note">{label}; the darkest square is {most} requests.</figcaption>'
        "</figure>"
    )
