"""Crowds, tactics and words: each piece does what its first line says, and combines."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from graph.enrich import network_of
from graph.errors import UnknownName
from graph.simulate import CROWDS, PRESETS, TACTICS, World, world
from graph.simulate.activity import Activity
from graph.simulate.chance import Dice, stream, uniforms
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US
from graph.simulate.kits import Template, written_kit
from graph.simulate.lexicon import Lexicon
from graph.simulate.networks import Networks
from graph.simulate.paraphrase import LEVELS, disguised
from graph.simulate.presets import WorldSpec
from graph.simulate.ragged import Ragged
from graph.simulate.registry import crowd_named
from graph.simulate.town import Town
from tests.graph.campaign_worlds import campaign, members_of, per_card


def _rows(made: World) -> np.ndarray:
    act: Activity = made.activity
    since = np.array([a.active_from or made.town.end for a in made.cast])
    return np.flatnonzero(act.at >= since[act.account])


def _gap_to_mates(made: World) -> float:
    """Median minutes from a campaign request to the nearest one of a mate."""
    rows = _rows(made)
    at, account = made.activity.at[rows], made.activity.account[rows]
    order = np.argsort(at)
    at, account = at[order], account[order]
    other = np.diff(account) != 0
    return float(np.median(np.diff(at)[other])) / MINUTE_US


def test_there_are_more_than_ten_kinds_of_honest_people_and_each_says_what_it_is() -> None:
    assert len(CROWDS) >= 13
    assert all(len(crowd.law) > 20 for crowd in CROWDS.values())
    assert len({crowd.law for crowd in CROWDS.values()}) == len(CROWDS)


def test_there_are_many_tactics_and_each_says_what_it_does() -> None:
    assert len(TACTICS) >= 28
    assert all(len(tactic.law) > 10 for tactic in TACTICS.values())


@pytest.mark.parametrize("name", sorted(CROWDS))
def test_every_crowd_can_stand_alone_and_is_honest(name: str) -> None:
    made = world(WorldSpec("one", 40, 20.0, (), crowds=(name,)), 2)

    assert made.kinds() == Counter({name: 40})
    assert all(a.campaign is None and a.active_from is None for a in made.cast)
    assert len(np.unique(made.activity.account)) > 10


@pytest.mark.parametrize("name", sorted(TACTICS))
def test_every_tactic_can_stand_alone_at_any_strength(name: str) -> None:
    for strength in (0.0, 1.0):
        made = campaign((name, strength), honest=5)

        assert len(members_of(made)) >= 40
        assert len(_rows(made)) > 100


def test_unknown_pieces_are_refused_by_name() -> None:
    with pytest.raises(UnknownName, match="known: agency"):
        crowd_named("nosuch")


def test_shared_cards_pay_for_several_accounts_and_splitting_undoes_it() -> None:
    shared = per_card(campaign(("shared_cards", 0.6)))
    split = per_card(campaign(("shared_cards", 0.6), ("identifier_splitting", 1.0)))

    assert shared > 2.0
    assert split < 1.1


def test_one_issuer_brings_every_card_from_one_range() -> None:
    made = campaign("virtual_cards")
    ranges = {
        card.issuer
        for i in members_of(made)
        if (bill := made.cast[i].billing)
        for card in bill.cards
    }

    assert len(ranges - {None}) == 1


def test_a_scheduler_brings_accounts_closer_in_time_and_jitter_blurs_it() -> None:
    plain, tight = _gap_to_mates(campaign()), _gap_to_mates(campaign("lockstep"))
    blurred = _gap_to_mates(campaign("lockstep", ("jitter", 1.0)))

    assert tight < 0.5 * plain
    assert tight < blurred


def test_handed_over_conversations_go_on_under_another_account() -> None:
    made = campaign(("handover", 0.4))
    act = made.activity
    children = np.flatnonzero(act.parent >= 0)
    guilty = children[np.isin(act.account[children], members_of(made))]

    assert len(guilty) > 50
    parents = act.parent[guilty]
    assert (act.conversation[guilty] == act.conversation[parents]).all()
    assert (act.account[guilty] != act.account[parents]).all()
    assert (act.turn[guilty] == act.turn[parents] + 1).all()
    assert (act.at[guilty] >= act.at[parents]).all()


def test_a_replacement_follows_each_ban_within_two_days() -> None:
    made = campaign(("replacement", 1.0))
    members = [made.cast[i] for i in members_of(made)]
    banned = [
        a.banned_at for a in members if a.banned_at and a.banned_at < made.town.end - 9 * DAY_US
    ]
    joined = np.sort([a.created_at for a in members])

    assert len(members) > 60
    late = [at for at in banned if not ((joined > at) & (joined < at + 2 * DAY_US)).any()]
    assert len(late) < 0.1 * len(banned)


def test_a_banned_account_sends_nothing_until_it_is_reinstated() -> None:
    made = campaign(("replacement", 1.0), honest=600)
    act = made.activity

    for number, account in enumerate(made.cast):
        if account.banned_at is None:
            continue
        until = account.reinstated_at or made.town.end
        at = act.at[act.account == number]
        assert not ((at >= account.banned_at) & (at < until)).any()


def test_bought_accounts_have_an_honest_history_before_their_sale() -> None:
    made = campaign(("bought_accounts", 1.0))
    act = made.activity
    members = members_of(made)
    older = [
        made.cast[i] for i in members if (made.cast[i].active_from or 0) > made.cast[i].created_at
    ]
    before = act.at < np.array([a.active_from or 0 for a in made.cast])[act.account]

    assert len(older) == len(members)
    assert (before & np.isin(act.account, members)).sum() > 50


def test_a_release_moves_half_the_traffic_within_a_day() -> None:
    made = campaign(("release_pivot", 0.5))
    released = made.town.releases["lumen-3"]
    act, rows = made.activity, _rows(made)
    soon = rows[(act.at[rows] > released + DAY_US) & (act.at[rows] < released + 3 * DAY_US)]
    newest = np.isin(act.model[soon], [act.models.index(m) for m in ("lumen-3", "lumen-2.5-mini")])

    assert len(soon) > 30
    assert newest.mean() > 0.4


def test_diluted_traffic_is_mostly_unrelated() -> None:
    shares = []
    for dilution in (0.0, 0.85):
        made = campaign(("mixed_traffic", dilution))
        kit = {
            i for i, s in enumerate(made.town.repertoire.streams) if s.name.startswith("campaign-")
        }
        shares.append(float(np.isin(made.activity.stream[_rows(made)], list(kit)).mean()))

    assert shares[0] > 0.95
    assert 0.05 < shares[1] < 0.35


def _strangers_talk(made: World) -> dict[int, set[int]]:
    """By account of the campaign: the streams it sends that are of no kit, in its working time."""
    names = [s.name for s in made.town.repertoire.streams]
    talk: dict[int, set[int]] = defaultdict(set)
    rows = _rows(made)
    for account, number in zip(
        made.activity.account[rows].tolist(), made.activity.stream[rows].tolist(), strict=True
    ):
        if not names[number].startswith("campaign-"):
            talk[account].add(number)
    return talk


def test_an_account_of_a_reseller_speaks_for_several_customers_and_each_through_several() -> None:
    sold, covered = campaign(("resale", 0.7)), campaign(("mixed_traffic", 0.7))

    per_account = [
        float(np.mean([len(streams) for streams in _strangers_talk(made).values()]))
        for made in (sold, covered)
    ]
    carriers = Counter(stream for streams in _strangers_talk(sold).values() for stream in streams)
    kit = [s.name.startswith("campaign-") for s in sold.town.repertoire.streams]
    work = np.array(kit)[sold.activity.stream[_rows(sold)]]

    assert per_account[0] > 1.3 * per_account[1]
    assert np.median(list(carriers.values())) >= 2
    assert 0.2 < work.mean() < 0.4
    assert (sold.activity.parent[_rows(sold)] >= 0).mean() > 0.01


def test_rates_reach_from_five_to_hundreds_of_requests_a_day() -> None:
    slow, fast = campaign("slow_drip"), campaign(("flood", 1.0))

    def rate(made: World) -> float:
        rows = _rows(made)
        days = np.unique(
            np.stack([made.activity.account[rows], made.activity.at[rows] // DAY_US]), axis=1
        )
        return len(rows) / days.shape[1]

    assert 2 < rate(slow) < 9
    assert 250 < rate(fast) < 1_200


def test_a_regrown_campaign_reuses_what_it_is_told_to() -> None:
    def reused(share: float) -> float:
        made = campaign(("regrowth", share), "shared_servers")
        return per_card(made)

    assert reused(1.0) > 1.5 * reused(0.0)


def test_campaigns_and_honest_people_send_the_very_same_public_templates() -> None:
    made = campaign("public_kit", ("sibling_templates", 1.0), honest=1_500)
    act, rows = made.activity, _rows(made)
    public = {i for i, s in enumerate(made.town.repertoire.streams) if s.name.startswith("written/")
              or s.name.startswith("public/")}  # fmt: skip
    names = [
        made.town.repertoire.streams[i].name.split("/L")[0]
        for i in range(len(made.town.repertoire.streams))
    ]
    theirs = {names[i] for i in act.stream[rows].tolist() if i in public}
    honest = np.setdiff1d(np.arange(len(act)), rows)
    ours = Counter(names[i] for i in act.stream[honest].tolist() if i in public)

    assert theirs
    assert all(ours[name] > 20 for name in theirs)


def test_honest_people_travel_hold_foreign_cards_and_are_banned_by_mistake() -> None:
    made = world(replace(PRESETS["demo"], campaigns=()), 3)
    cards = [(a.country, c.country) for a in made.cast if a.billing for c in a.billing.cards]
    banned = [a for a in made.cast if a.banned_at]

    assert 0.02 < np.mean([home != issued for home, issued in cards]) < 0.6
    assert 0.004 < len(banned) / len(made.cast) < 0.03
    assert any(a.reinstated_at for a in banned)
    hours = (made.activity.at // HOUR_US) % 24
    assert np.bincount(hours, minlength=24).min() > 0.1 * np.bincount(hours).max()


def test_labels_are_few_late_and_partly_wrong() -> None:
    made = world(PRESETS["demo"], 3)
    truth = {a.account_id: a for a in made.cast}
    fraud = [label for label in made.labels if label.verdict == "fraud"]
    wrong = [
        label
        for label in made.labels
        if (label.verdict == "fraud") != bool(truth[label.account_id].campaign)
    ]
    guilty = [a for a in made.cast if a.campaign]

    assert 0 < len(fraud) < 0.5 * len(guilty)
    assert 0 < len(wrong) < 0.3 * len(made.labels)
    assert all(label.decided_at > truth[label.account_id].created_at for label in made.labels)
    named = {label.campaign_id for label in fraud if label.campaign_id}
    assert 0 < len(named) < len(PRESETS["demo"].campaigns)


def test_addresses_belong_to_the_class_and_country_they_were_asked_for() -> None:
    nets, dice = Networks.load(), Dice.of(1, "test")
    known = 0
    for country in ("US", "DE", "JP", "BR", "IN"):
        network = nets.draw(dice, "home", country)
        for _ in range(20):
            number = network.address(dice)
            text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
            known += network_of(text).country == country

    assert known > 95


def test_deeper_disguise_keeps_less_of_the_wording_but_every_needed_slot() -> None:
    template = written_kit(Dice.of(1, "kit"), "kit", "rubric", 1).templates[0]
    words = set("\n".join(template.sentences).split())

    kept = []
    for level in LEVELS:
        made = [disguised(Dice.of(i, "d"), template, level) for i in range(60)]
        kept.append(np.mean([len(words & set(text.split())) / len(words) for text in made]))
        slots = [s for s in template.sentences if "{" in s]
        assert all(
            all(slot[slot.index("{") : slot.index("}") + 1] in text for slot in slots)
            for text in made
        )

    assert kept[0] == kept[1] == 1.0
    assert kept[1] > kept[2] > kept[3] > 0.1


def test_templates_without_free_sentences_can_be_disguised_too() -> None:
    text = disguised(Dice.of(1, "x"), Template(("{q}",), "sweep"), 3)

    assert "{q}" in text


def test_fresh_texts_hardly_repeat_although_the_sample_is_small() -> None:
    lexicon, rng = Lexicon.load(), stream(1, "texts")
    rows = lexicon.rows("en")[rng.integers(0, 3_000, 4_000)]

    texts = lexicon.fresh(rows, np.full(4_000, 30), rng.integers(0, 1_000, 4_000), rng)

    assert len(set(texts)) > 3_900
    assert all(texts)


def test_ragged_picks_follow_their_weights_and_never_leave_their_owner() -> None:
    lists = Ragged.of([[1.0, 3.0], [1.0], [0.0, 1.0, 1.0]])
    owners = np.repeat(np.arange(3), 4_000)

    picked = lists.pick(owners, stream(1, "ragged").random(len(owners)))

    assert (picked >= lists.offsets[owners]).all()
    assert (picked < lists.offsets[owners + 1]).all()
    assert 0.7 < np.mean(picked[:4_000] == 1) < 0.8
    assert not (picked[8_000:] == 3).any()


def test_keyed_uniforms_repeat_by_key_and_fill_the_interval() -> None:
    keys = np.arange(10_000)

    drawn = uniforms(keys, 3)

    assert (drawn == uniforms(keys, 3)).all()
    assert not np.allclose(drawn, uniforms(keys, 4))
    assert np.histogram(drawn, 10, (0, 1))[0].min() > 850


def test_a_town_knows_the_same_networks_and_kits_for_the_same_seed() -> None:
    one, again = Town(4, 30.0), Town(4, 30.0)

    assert [kit.templates for kit in one.public] == [kit.templates for kit in again.public]
    assert one.person(Dice.of(1), "casual") == again.person(Dice.of(1), "casual")
