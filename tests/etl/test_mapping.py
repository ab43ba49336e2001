"""A mapping file turns other names, units and codes into the contract, or says what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from etl.load import BuildOptions, build
from etl.mapping import UNITS, load_mapping, parse_mapping
from graph.door import Door
from graph.errors import MappingError
from graph.journal.journal import Journal
from graph.store import GraphStore

DOOR = Door(b"a test's key, 16 bytes or more")
NOON = 1_772_366_400_000_000


def cell(rule: str, **columns: Any) -> Any:
    """What a rule for ``organisation`` makes of one row."""
    table = parse_mapping(f"[signups.columns]\norganisation = {rule}", "m").tables["signups"]
    made = table.apply({name: [value] for name, value in columns.items()}, 1)
    values = made.get("organisation")
    if values is None or isinstance(values, list):
        return values and values[0]
    return values[0].as_py()


@pytest.mark.parametrize(
    ("rule", "columns", "made"),
    [
        ('"other"', {"other": "x"}, "x"),
        ('{ value = "y" }', {}, "y"),
        ('{ from = ["a", "b"], join = "-", prefix = "p-" }', {"a": "1", "b": 2}, "p-1-2"),
        ('{ from = "a", codes = { 0 = "no", 1 = "yes" } }', {"a": 1}, "yes"),
        ('{ from = "a", codes = { 0 = "no" } }', {"a": "7"}, "7"),
        ('{ from = "a", codes = { 0 = "no" }, other = "maybe" }', {"a": "7"}, "maybe"),
        ('{ from = "a", default = "none" }', {"a": ""}, "none"),
        ('{ from = "a", default = "none" }', {}, "none"),
        ('{ from = "a", unit = "cents" }', {"a": "1250"}, 12.5),
        ('{ from = "a", unit = "ip_number" }', {"a": "732758368.8"}, "43.173.1.96"),
        ('{ from = "a", unit = "ip_number" }', {"a": "99999999999"}, "99999999999"),
        ('{ from = "a", unit = "cents" }', {"a": "free"}, "free"),
    ],
)
def test_a_rule_makes_a_value(rule: str, columns: dict[str, Any], made: Any) -> None:
    assert cell(rule, **columns) == made


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ('{ from = "t", unit = "epoch_s" }', "1772366400"),
        ('{ from = "t", unit = "epoch_ms" }', 1_772_366_400_000),
        ('{ from = "t", unit = "epoch_us" }', NOON),
        ('{ from = "t", zone = "Europe/Berlin" }', "2026-03-01T13:00:00"),
        ('{ from = "t", format = "%d.%m.%Y %H:%M", zone = "UTC" }', "01.03.2026 12:00"),
        ('{ from = "t", zone = "UTC", shift_days = 1.5 }', "2026-02-28T00:00:00"),
        ('{ from = "t", zone = "Europe/Berlin" }', "2026-03-01T12:00:00Z"),
    ],
)
def test_a_time_in_any_unit_is_one_moment(rule: str, value: Any) -> None:
    table = parse_mapping(f"[model_releases.columns]\nreleased_at = {rule}", "m").tables[
        "model_releases"
    ]

    made = table.apply({"t": [value], "model": ["m"]}, 1)

    assert DOOR.batch("model_releases", made, 1).rows["at"].to_pylist() == [NOON]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sign_ups]", "signups, payments"),
        ("", "no table"),
        ('[signups.columns]\nmail = "x"', "email"),
        ('[signups.columns]\nemail = { form = "x" }', "from"),
        ('[signups.columns]\nemail = { from = "x", value = "y" }', "either"),
        ('[signups.columns]\nemail = { from = "x", unit = "furlong" }', "epoch_ms"),
        ('[signups.columns]\nemail = { from = "x", zone = "Mars/Base" }', "Europe/Paris"),
        ("[signups.columns]\nemail = 7", "a rule is"),
        ("[signups]\nrows = 1", "nothing else"),
        ("not toml", "TOML"),
    ],
)
def test_a_mapping_that_names_what_does_not_exist_is_told_what_does(text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        parse_mapping(text, "m")


def test_a_mapping_that_is_not_there_is_told_which_ship() -> None:
    with pytest.raises(MappingError, match="fraud_ecom"):
        load_mapping(Path("no_such"))


def test_another_mapping_reads_the_file_again(tmp_path: Path, sqlite_store: GraphStore) -> None:
    (tmp_path / "signups.csv").write_text(
        "id,at,ip,pathway\na1,2026-03-01T12:00:00,1.2.3.4,other\n"
    )
    text = '[signups.columns]\naccount_id = "id"\ncreated_at = {{ from = "at", zone = "UTC" }}\n{}'
    one = parse_mapping(text.format(""), "one")
    two = parse_mapping(text.format('pathway = { value = "startup" }'), "two")

    with Journal(tmp_path / "journal.db", DOOR.key_id) as journal:
        first, second = (
            build(str(tmp_path), journal, sqlite_store, DOOR, BuildOptions(1.0, mapping))
            for mapping in (one, two)
        )

        assert first.quarantined == {"unknown_code": 1}
        assert (second.total.added, journal.quarantine()) == (1, [])


FRAUD_ECOM = "\n".join(
    (
        "user_id,signup_time,purchase_time,purchase_value,device_id,browser,ip_address,class,country",
        "22058,2015-02-24 22:55:00,2015-04-18 02:47:00,34.0,QVP,Chrome,732758368.8,0,Japan",
        "333320,2015-06-07 20:39:00,2015-06-08 01:38:00,16.0,EOG,Chrome,350311387.9,1,",
    )
)


def test_the_shop_set_comes_through_its_mapping(tmp_path: Path, sqlite_store: GraphStore) -> None:
    (tmp_path / "accounts.csv").write_text(FRAUD_ECOM)
    mapping = load_mapping(Path("fraud_ecom"))

    with Journal(tmp_path / "journal.db", DOOR.key_id) as journal:
        build(str(tmp_path), journal, sqlite_store, DOOR, BuildOptions(mapping=mapping))

        signups = journal.read("signups").to_pylist()
        assert [(s["account_id"], s["user_agent"], s["subnet"]) for s in signups] == [
            ("22058", "chrome", "43.173.1.0/24"),
            ("333320", "chrome", "20.225.83.0/24"),
        ]
        assert {s["country"] for s in signups} == {None}
        labels = journal.read("labels").to_pylist()
        assert [(label["account_id"], label["verdict"]) for label in labels] == [
            ("22058", "legitimate"),
            ("333320", "fraud"),
        ]
        payments = journal.read("payments").to_pylist()
        month = 30 * 86_400_000_000
        assert [label["at"] - pay["at"] for label, pay in zip(labels, payments, strict=True)] == [
            month
        ] * 2
        assert len({pay["payment_method"] for pay in payments}) == 2


def test_units_are_named_in_the_mappings_docstring_or_their_error() -> None:
    with pytest.raises(MappingError) as error:
        parse_mapping('[signups.columns]\nemail = { from = "x", unit = "?" }', "m")

    assert all(unit in str(error.value) for unit in UNITS)
