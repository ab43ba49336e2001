"""The graph network at sign-up: what a newcomer hears is what a batch would have told it."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gnn.encoder import Encoder, EncoderConfig, arrays_of, encoder_of
from gnn.features import SIGNUP_COLUMNS, row_of
from gnn.mates import Links
from gnn.network import NETWORK_COLUMNS, Company, Network
from gnn.scale import Scale
from gnn.tensors import Hearing, kinds_of
from gnn.train_signups import Heard, with_company
from gnn.vicinity import EMPTY, ENTITY_OF, Tie, Vicinity
from gnn.voices import NEWCOMERS, Voices, names_of
from graph.errors import BundleCorrupt
from graph.schema import NodeType

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def late(small_scene):
    return small_scene.snapshot(25 * DAY)


@pytest.fixture(scope="module")
def company(late) -> Company:
    rng = np.random.default_rng(1)
    size = late.size(NodeType.ACCOUNT)
    rows = rng.normal(size=(size, len(NETWORK_COLUMNS) - 1)).astype(np.float32)
    keys = late.keys(NodeType.ACCOUNT).to_pylist()
    return Company(keys, rows, rng.normal(size=size), Links.of(late))


@pytest.fixture(scope="module")
def network(company) -> Network:
    """Two networks that were taught nothing: what they say is arbitrary, and depends on all."""
    nets = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        net = Encoder(len(NETWORK_COLUMNS), kinds_of([company.links]), EncoderConfig(width=16))
        nets.append(arrays_of(net.eval()))
    return Network(tuple(nets), Scale.of(company.columns))


@pytest.fixture(scope="module")
def voices(network, company, late) -> Voices:
    return Voices.of(network, company, names_of(late), number=3)


def vicinity_of(snapshot, links: Links, place: int) -> Vicinity:
    """What the account at ``place`` would name at sign-up: one entity of each kind it touches."""
    ties = {}
    for one in links.ties[:-1]:
        mine = one.edges_of(place)
        if len(mine):
            row = int(one.entities[mine[0]])
            key = snapshot.keys(NodeType(ENTITY_OF[one.link.verb]))[row].as_py()
            none = np.empty(0, np.int64)
            ties[one.link.name] = Tie(one.link, key, 1, 0, none, none)
    return replace(EMPTY, ties=ties)


def without(links: Links, place: int, prompts: bool = False) -> Links:
    """The links without those of an account; with ``prompts`` only its prompts' are left out."""
    ties = []
    for number, one in enumerate(links.ties):
        kept = one.accounts != place
        if prompts and number < len(links.ties) - 1:
            first = one.edges_of(place)[:1]
            kept[first] = True
        ties.append(
            replace(one, accounts=one.accounts[kept], entities=one.entities[kept],
                    counts=one.counts[kept])
        )  # fmt: skip
    return replace(links, ties=tuple(ties))


def in_batch(network: Network, company: Company, place: int) -> float:
    """What the network says of an account of whom only the company is known, in a batch."""
    links = without(company.links, place, prompts=True)
    x = network.scale(company.columns)
    x[place] = 0.0
    net = encoder_of(network.weights[NEWCOMERS], links)
    listening = np.arange(len(x)) == place
    with torch.no_grad():
        margin = net.label(net(torch.from_numpy(x), Hearing.of(links, listening)))[place, 0]
    return float(torch.sigmoid(margin))


def crowded(company: Company) -> list[int]:
    """Accounts all of whose things two others have as well."""
    links, found = company.links, []
    crowd = [np.bincount(one.entities, minlength=one.size) for one in links.ties]
    for place in range(links.accounts):
        first = [(n, t.entities[t.edges_of(place)[0]]) for n, t in enumerate(links.ties[:-1])
                 if len(t.edges_of(place))]  # fmt: skip
        if first and all(crowd[n][row] != 2 for n, row in first):
            found.append(place)
    return found


def test_a_newcomer_hears_what_a_batch_would_tell_it(network, company, late):
    checked = [p for p in crowded(company) if vicinity_of(late, company.links, p).ties][:12]
    checked += [p for p in crowded(company) if company.keys[p].startswith("late")][:6]

    for place in checked:
        alone = replace(company, links=without(company.links, place))
        voices = Voices.of(network, alone, names_of(late))
        heard = voices.heard(network, vicinity_of(late, company.links, place))
        if not math.isnan(heard):
            assert heard == pytest.approx(in_batch(network, company, place), abs=1e-6)
    assert len(checked) > 6


def test_it_reads_one_state_for_each_thing_a_sign_up_names(voices, late, company):
    vicinity = vicinity_of(late, company.links, crowded(company)[0])

    told = voices.told(vicinity)

    assert 0 < len(told) <= len(vicinity.ties)
    assert all(one.states.shape == voices.states.shape[1:] for one in told)


def test_a_thing_that_one_account_has_speaks_to_the_next(voices, late, company):
    (ties,) = (t for t in company.links.ties if t.link.name == "device")
    crowd = np.bincount(ties.entities, minlength=ties.size)
    single = int(np.flatnonzero(crowd == 1)[0])
    key, none = late.keys(NodeType.DEVICE)[single].as_py(), np.empty(0, np.int64)

    (told,) = voices.told(replace(EMPTY, ties={"device": Tie(ties.link, key, 1, 0, none, none)}))

    assert told.speaking == 1
    assert told.states.any()


def test_where_nobody_speaks_or_others_made_the_states_nothing_is_known(
    voices, network, late, company
):
    some = vicinity_of(late, company.links, crowded(company)[0])

    assert math.isfinite(voices.heard(network, some))
    assert math.isnan(voices.heard(network, EMPTY))
    assert math.isnan(voices.heard(None, some))
    other = replace(network, weights=network.weights[::-1])
    assert math.isnan(voices.heard(other, some))


def test_what_is_kept_is_read_back_and_replaces_what_was_there(
    voices, network, late, company, tmp_path
):
    replace(voices, number=2).save(tmp_path)
    voices.save(tmp_path)

    back = Voices.load(tmp_path)

    some = vicinity_of(late, company.links, crowded(company)[0])
    assert back.number == 3
    assert back.heard(network, some) == voices.heard(network, some)
    assert sorted(p.name.split("-")[-1] for p in tmp_path.glob("*.npy")) == ["3.npy"] * 3


def test_without_a_file_there_are_none_and_a_damaged_one_is_told(voices, tmp_path):
    assert Voices.load(tmp_path) is None
    voices.save(tmp_path)
    (tmp_path / "voices.json").write_text(json.dumps({"format": 9}))

    with pytest.raises(BundleCorrupt, match="voices"):
        Voices.load(tmp_path)


def test_each_sign_up_of_a_training_hears_the_network_that_never_saw_its_ring(small_scene, network):
    """A refresh amid a ring's sign-ups: its first members are known when its last come."""
    blue = sorted(e.at for e in small_scene.signups if e.account_id.startswith("blue"))
    middle = blue[len(blue) // 2]
    training = small_scene.training(20 * DAY, [6 * DAY, middle, 20 * DAY])
    fold = np.arange(len(training.signups)) % 2
    rng = np.random.default_rng(2)
    own = [rng.normal(size=len(moment.keys)) for moment in training.moments]

    met = with_company(training, Heard(network, own, fold)).signups

    first, last = training.moments[:2]
    known = Company(last.keys, last.rows, own[1], last.links)
    by_fold = [Voices.of(network, known, last.names, judge=judge) for judge in (0, 1)]
    spoken_to = 0
    for signup, judge in zip(met, fold.tolist(), strict=True):
        if signup.now < first.as_of:
            assert math.isnan(signup.company)
        elif signup.now >= last.as_of:
            expected = by_fold[judge].heard(network, signup.vicinity)
            assert signup.company == pytest.approx(expected, nan_ok=True)
            spoken_to += math.isfinite(expected)
    assert spoken_to
    assert with_company(training, None) is training


def test_what_is_heard_is_a_column_of_the_sign_up(training):
    signup = replace(training.signups[-1], company=0.75)

    assert row_of(signup)[SIGNUP_COLUMNS.index("company_share")] == 0.75
