"""A template in a system prompt that events carry apart: found beside the turns, not over them."""

import numpy as np
import pyarrow as pa
import pytest

from etl.asked import Asked, asked_by, clusters_of, prompt_columns, sketches_in
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import fit, in_chunks
from graph.cleaned import SCHEMAS, event_of, row_of
from graph.prompts import Fingerprinter, Marker
from graph.prompts.weigh import MIN_LINK_NATS
from graph.rings.watchlist import clustered
from tests.etl.test_prompts_fit import EMPTY, KEY, START, Traffic
from tests.etl.test_prompts_fit import READER as TURNS

SYSTEMS = TURNS.systems
NOBODY = Asked.nothing("nobody").settled
END = START + 14 * 86_400_000_000


class Apart(Traffic):
    """Traffic some of whose requests have a system prompt, by the words of the turn."""

    def __init__(self) -> None:
        super().__init__()
        self.system: dict[str, str] = {}

    def under(self, system: str, since_row: int) -> None:
        """Everything said since that row was said under ``system``, with a slot that varies."""
        for _, _, text, _ in self.rows[since_row:]:
            self.system[text] = f"{system} {self.text(2)}"

    def columns(self) -> PromptColumns:
        told = [self.system.get(text) for _, _, text, _ in sorted(self.rows)]
        return super().columns().with_systems(SYSTEMS.sketches(told))


@pytest.fixture
def traffic() -> Apart:
    made = Apart()
    made.strangers(400)
    return made


def table_of(traffic: Apart) -> pa.Table:
    """The same traffic as cleaned requests, read by the door's own marker."""
    marker = Marker(Fingerprinter(KEY))
    rows = []
    for number, (at, account, text, _) in enumerate(sorted(traffic.rows)):
        mark = marker.mark_of(text, traffic.system.get(text), 1)
        blank = dict.fromkeys(SCHEMAS["requests"].names)
        said = {name: getattr(mark, name) for name in mark.__slots__}
        ids = {"request_id": f"r{number}", "account_id": f"a{account:05}", "at": at}
        rows.append({**blank, **said, **ids, "asn": "AS1", "model": "m", "completion_tokens": 5})
    return pa.Table.from_pylist(rows, schema=SCHEMAS["requests"])


def test_a_private_template_in_a_system_prompt_is_a_cluster_that_ties_its_ring(traffic):
    private, ring, before = traffic.text(20), traffic.new(12, (1, 5)), len(traffic.rows)
    for account in ring:
        for _ in range(25):
            traffic.say(account, traffic.text(15))
    traffic.under(private, before)
    traffic.roaming.update(account for account, _ in ring)

    found = fit(in_chunks(traffic.columns()), EMPTY, END)

    (cluster,) = found.statistics.clusters.to_pylist()
    assert cluster["cluster_id"] == found.index.assign(SYSTEMS.sketch(private)).cluster_id
    assert cluster["accounts"] == 12
    assert cluster["weight"] >= MIN_LINK_NATS
    assert set(found.statistics.edges["share"].to_pylist()) == {1.0}


def test_a_public_system_prompt_ties_nobody_and_hides_no_template_in_the_turn(traffic):
    public, private, ring = traffic.text(20), traffic.text(20), traffic.new(12, (1, 5))
    before = len(traffic.rows)
    for account in traffic.new(60, (1, 400)):
        for _ in range(6):
            traffic.say(account, traffic.text(15))
    traffic.send(private, ring, 25)
    traffic.under(public, before)
    traffic.roaming.update(account for account, _ in ring)

    found = fit(in_chunks(traffic.columns()), EMPTY, END)

    rows = {row["cluster_id"]: row for row in found.statistics.clusters.to_pylist()}
    shared = rows[found.index.assign(SYSTEMS.sketch(public)).cluster_id]
    own = rows[found.index.assign(TURNS.sketch(private)).cluster_id]
    assert len(rows) == 2
    assert (shared["accounts"], own["accounts"]) == (72, 12)
    assert shared["weight"] == 0
    assert own["weight"] >= MIN_LINK_NATS


def test_the_same_words_in_a_turn_and_in_a_system_prompt_are_two_things(traffic):
    words = traffic.text(30)

    assert not np.intersect1d(TURNS.sketch(words), SYSTEMS.sketch(words)).size
    assert TURNS.system_sketch(words).tolist() == SYSTEMS.sketch(words).tolist()
    assert not TURNS.system_sketch("You are a helpful assistant.").size


def test_journal_service_and_live_path_give_a_request_the_clusters_that_the_fit_gave(traffic):
    private, before = traffic.text(20), len(traffic.rows)
    for account in traffic.new(12, (1, 5)):
        for _ in range(8):
            traffic.say(account, traffic.text(15))
    traffic.under(private, before)
    requests = table_of(traffic)
    blank = pa.table({"account_id": pa.array([], pa.string()), "at": pa.array([], pa.int64())})
    columns = prompt_columns(requests, blank)

    index = fit(in_chunks(columns), EMPTY, END).index
    told = clusters_of(requests, index)
    events = [event_of("requests", row) for row in requests.to_pylist()]

    edges = asked_by(requests, Asked(index), NOBODY, requests["account_id"].unique().to_pylist())

    assert told.count(index.ids[0]) == 12 * 8
    assert [clustered(event, index).cluster for event in events] == told
    assert edges["count"].to_list() == [8] * 12
    assert row_of(events[-1])["system_sketch"] == requests["system_sketch"][-1].as_py()


def test_requests_of_before_have_no_system_sketch_and_are_read_as_ever(traffic):
    requests = table_of(traffic).drop_columns(["system_sketch"])

    assert len(sketches_in(requests, "system_sketch")) == requests.num_rows
    assert set(clusters_of(requests, EMPTY)) == {None}
    assert row_of(event_of("requests", requests.slice(0, 1).to_pylist()[0]))["system_sketch"] == b""
