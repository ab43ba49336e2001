"""Specifications of worlds: how many of whom, for how long, and which campaigns.

A specification is a value; the same one with the same seed gives the same bytes. Read
:mod:`graph.simulate.world` for what is made of it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graph.errors import UnknownName


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """One campaign: when (shares 0..1 of the window), how large, how fast, by which tactics.

    ``rate``: requests an account and active day (median); ``tactics``: (name, strength 0..1)
    pairs, None for a tactic's usual strength.
    """

    begins: float
    lasts: float
    accounts: int
    rate: float
    tactics: tuple[tuple[str, float | None], ...]
    lifetime_days: float = 12.0
    known: bool = False


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """A world: ``honest`` accounts in these ``crowds`` (all when empty), ``days`` long.

    ``train_share``: where training is meant to end (share of the window); ``volume``: factor on
    every rate; ``label_share``: of a known campaign's accounts; ``mistaken_bans``: of honest ones.
    """

    name: str
    honest: int
    days: float
    campaigns: tuple[CampaignSpec, ...]
    crowds: tuple[str, ...] = ()
    train_share: float = 2 / 3
    volume: float = 1.0
    label_share: float = 0.3
    mistaken_bans: float = 0.012
    prompts_path: Path | None = None
    families_path: Path | None = None


def _by(text: str) -> tuple[tuple[str, float | None], ...]:
    pairs = (word.partition(":") for word in text.split())
    return tuple((name, float(number) if number else None) for name, _, number in pairs)


_SMALL: Final = (
    CampaignSpec(0.05, 0.7, 12, 14, _by("shared_cards:0.6 lockstep email_pattern"), known=True),
    CampaignSpec(0.3, 0.6, 12, 12, _by(
        "virtual_cards residential_proxies handover:0.15 sibling_templates"
    )),
    CampaignSpec(0.68, 0.3, 12, 18, _by("device_farm:0.4 hosting lockstep sibling_templates"), 8),
)  # fmt: skip

_DEMO: Final = (
    CampaignSpec(0.04, 0.45, 45, 14, _by(
        "shared_cards:0.5 email_pattern lockstep hosting"
    ), known=True),
    CampaignSpec(0.12, 0.5, 40, 12, _by(
        "virtual_cards residential_proxies sibling_templates handover:0.1"
    ), known=True),
    CampaignSpec(0.3, 0.45, 35, 16, _by(
        "replacement regrowth:0.4 lockstep paraphrase:0.67"
    ), known=True),
    CampaignSpec(0.5, 0.45, 40, 12, _by(
        "education_abuse free_tier vpn_exits sibling_templates:0.6 lockstep"
    )),
    CampaignSpec(0.69, 0.28, 50, 22, _by(
        "release_pivot device_farm:0.3 residential_proxies lockstep"
    ), 9),
    CampaignSpec(0.7, 0.3, 40, 20, _by(
        "mixed_traffic:0.6 unique_identifiers residential_proxies handover:0.2 "
        "sibling_templates"
    ), 11),
    CampaignSpec(0.72, 0.28, 30, 24, _by(
        "bought_accounts natural_emails paraphrase:0.67 lockstep sibling_templates"
    ), 10),
)  # fmt: skip

_STANDARD: Final = (
    *_DEMO,
    CampaignSpec(0.2, 0.4, 60, 20, _by("public_kit startup_abuse one_issuer lockstep"), known=True),
    CampaignSpec(0.68, 0.3, 70, 20, _by("many_operators:0.3 shared_servers paraphrase:0.67"), 10),
    CampaignSpec(0.75, 0.25, 60, 25, _by(
        "research_abuse prepaid_cards handover sibling_templates"
    ), 9),
)  # fmt: skip

_HARD: Final = (
    # before the end of training (at two thirds)
    CampaignSpec(0.03, 0.4, 75, 13, _by(
        "natural_emails shared_cards:0.1 lockstep:0.6 sibling_templates:0.5 paraphrase"
    ), known=True),
    CampaignSpec(0.1, 0.45, 70, 14, _by(
        "unique_identifiers residential_proxies:0.4 mixed_traffic:0.5 handover:0.08 "
        "lockstep:0.4 sibling_templates paraphrase"
    ), 13, known=True),
    CampaignSpec(0.18, 0.4, 65, 15, _by(
        "public_kit paraphrase sibling_templates:0.5 bought_accounts:0.5 lockstep:0.5 "
        "jitter:0.1"
    ), known=True),
    CampaignSpec(0.27, 0.38, 80, 12, _by(
        "education_abuse:0.5 free_tier:0.5 vpn_exits:0.3 lockstep:0.4 sibling_templates "
        "paraphrase warm_up:0.3"
    ), known=True),
    CampaignSpec(0.35, 0.6, 90, 11, _by(
        "replacement regrowth:0.1 many_operators:0.2 paraphrase:0.67 lockstep:0.5 "
        "mixed_traffic:0.3"
    ), known=True),
    CampaignSpec(0.45, 0.5, 70, 5, _by(
        "slow_drip:1 lockstep:0.3 mixed_traffic:0.3 sibling_templates paraphrase handover:0.1"
    ), 14),
    # after it
    CampaignSpec(0.667, 0.33, 70, 15, _by(
        "natural_emails unique_identifiers lockstep:0.7 sibling_templates:0.7 paraphrase"
    ), 11),
    CampaignSpec(0.67, 0.33, 75, 14, _by(
        "residential_proxies:0.5 lockstep:0.4 mixed_traffic:0.6 handover:0.12 "
        "sibling_templates:0.7 paraphrase one_issuer:1"
    )),
    CampaignSpec(0.675, 0.32, 60, 16, _by(
        "bought_accounts:0.9 natural_emails handover:0.08 sibling_templates:0.5 paraphrase "
        "lockstep:0.4 release_pivot:0.5"
    ), 11),
    CampaignSpec(0.68, 0.32, 65, 15, _by(
        "public_kit sibling_templates:0.7 startup_abuse:0.5 paraphrase lockstep:0.6 "
        "jitter:0.1"
    ), 11),
    CampaignSpec(0.69, 0.31, 70, 14, _by(
        "lockstep:0.4 shared_cards:0.12 device_farm:0.06 hosting:0.3 sibling_templates:0.5 "
        "paraphrase:1 release_pivot:0.5"
    ), 11),
    CampaignSpec(0.7, 0.3, 80, 12, _by(
        "mixed_traffic:0.75 lockstep:0.5 residential_proxies:0.3 handover:0.12 "
        "sibling_templates:0.5 paraphrase natural_emails"
    )),
    CampaignSpec(0.71, 0.29, 75, 13, _by(
        "virtual_cards:1 research_abuse:0.4 many_operators:0.3 sibling_templates:0.6 "
        "paraphrase lockstep:0.5"
    ), 10),
    CampaignSpec(0.72, 0.28, 70, 14, _by(
        "replacement regrowth:0.15 paraphrase:0.67 sibling_templates:0.5 lockstep:0.5 "
        "free_tier:0.4"
    ), 10),
    CampaignSpec(0.74, 0.26, 90, 8, _by(
        "slow_drip:0.7 sibling_templates handover:0.1 paraphrase:0.67 email_pattern:1 "
        "lockstep:0.4"
    ), 14),
)  # fmt: skip

PRESETS: Final[dict[str, WorldSpec]] = {
    "small": WorldSpec("small", 260, 30.0, _SMALL, label_share=0.5),
    "demo": WorldSpec("demo", 3_000, 45.0, _DEMO),
    "standard": WorldSpec("standard", 8_000, 60.0, _STANDARD),
    "hard": WorldSpec("hard", 20_000, 66.0, _HARD, label_share=0.6),
}


def preset_named(name: str) -> WorldSpec:
    """The preset of that name.

    Raises:
        UnknownName: if there is none.
    """
    if name not in PRESETS:
        raise UnknownName.among("preset", name, PRESETS)
    return PRESETS[name]
