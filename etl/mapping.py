"""Mapping files: how a source with other tables, names, units and codes meets the contract.

A mapping is TOML, one table of it a table of the contract::

    name = "shop"

    [signups]
    files = ["users*.csv.gz"]                      # which files; a file may serve many tables

    [signups.columns]
    account_id = "user_id"                                          # another name
    created_at = { from = "joined", unit = "epoch_ms" }             # another unit
    ip         = { from = "addr", unit = "ip_number" }
    country    = { from = "land", codes = { Deutschland = "DE" } }  # other codes
    pathway    = { value = "self_serve" }                           # a constant
    event_id   = { from = ["user_id", "nr"], join = "-", prefix = "visit-" }  # a made-up key

Further words: ``format`` (strptime) and ``zone`` (IANA) for times without an offset,
``shift_days``, ``default`` for empty values and ``other`` for codes not listed. A contract column
the mapping does not name is taken from the column of the same name. A value that a unit cannot
read is passed on as it is, and the door refuses it with its reason. It knows nothing of cleaning.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from etl.reading.raw import Columns
from graph.contract import TABLES, Table
from graph.errors import MappingError

SHIPPED = Path(__file__).parent / "mappings"
_RULE_WORDS = frozenset(
    {"from", "value", "unit", "format", "zone", "codes", "other", "default", "join", "prefix"}
    | {"shift_days"}
)
Change = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one column of the contract is made: from which columns, and what is done on the way."""

    sources: tuple[str, ...] = ()
    constant: str | None = None
    join: str = ""
    changes: tuple[Change, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How one table of the contract is made: from which files, by which rules."""

    table: Table
    files: tuple[str, ...] | None
    rules: Mapping[str, Rule]

    @property
    def wanted(self) -> frozenset[str]:
        """The columns of the file that are needed."""
        return frozenset(name for rule in self.rules.values() for name in rule.sources)

    def apply(self, columns: Columns, size: int) -> Columns:
        """Contract columns of ``size`` rows of the file's."""
        made = ((name, _made(rule, columns, size)) for name, rule in self.rules.items())
        return {name: column for name, column in made if column is not None}


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A whole mapping; ``digest`` changes whenever a rule does."""

    name: str
    tables: Mapping[str, TableMapping]
    digest: str = field(default="", repr=False)

    @property
    def globs(self) -> dict[str, Sequence[str]] | None:
        """Patterns of file names by table; None where names of files say the table."""
        if all(table.files is None for table in self.tables.values()):
            return None
        return {n: t.files or (f"{n}*", f"{n}/*") for n, t in self.tables.items()}


def plain() -> SourceMapping:
    """The mapping of a source that is in the contract already."""
    tables = {
        name: TableMapping(table, None, {c.name: Rule((c.name,)) for c in table.columns})
        for name, table in TABLES.items()
    }
    return SourceMapping("contract", tables, "contract")


def load_mapping(path: Path) -> SourceMapping:
    """The mapping in a file; the name of one that ships (``fraud_ecom``) will do.

    Raises:
        MappingError: if it cannot be read, or names what does not exist.
    """
    shipped = SHIPPED / f"{path}.toml"
    if not path.exists() and len(path.parts) == 1 and shipped.is_file():
        path = shipped
    try:
        text = path.read_text(encoding="utf-8")
        return parse_mapping(text, path.stem)
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise MappingError(f"there is no mapping {path}; shipped ones: {known}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"cannot read the mapping {path}: {error}") from error


def parse_mapping(text: str, name: str) -> SourceMapping:
    """The mapping written in ``text``.

    Raises:
        MappingError: if it is no TOML, or names what does not exist.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"the mapping {name} is no TOML: {error}") from error
    known = str(document.pop("name", name))
    document.pop("about", None)
    unknown = sorted(set(document) - set(TABLES))
    if unknown or not document:
        got = ", ".join(unknown) or "no table"
        raise MappingError(f"the mapping {known} names {got}; tables: {', '.join(TABLES)}")
    tables = {table: _table(known, TABLES[table], spec) for table, spec in document.items()}
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    return SourceMapping(known, tables, digest)


def _table(name: str, table: Table, spec: Any) -> TableMapping:
    where = f"the mapping {name}, [{table.name}]"
    if not isinstance(spec, dict) or set(spec) - {"files", "columns"}:
        raise MappingError(f"{where} may hold `files` and `columns`, nothing else")
    columns = spec.get("columns", {})
    unknown = sorted(set(columns) - set(table.column_names))
    if unknown:
        raise MappingError(
            f"{where} names {', '.join(unknown)}; columns: {', '.join(table.column_names)}"
        )
    rules = {c: Rule((c,)) for c in table.column_names}
    rules |= {c: _rule(f"{where} {c}", rule) for c, rule in columns.items()}
    files = spec.get("files")
    return TableMapping(table, None if files is None else _texts(where, files), rules)


def _rule(where: str, spec: Any) -> Rule:
    if isinstance(spec, str):
        return Rule((spec,))
    if not isinstance(spec, dict):
        raise MappingError(f"{where}: a rule is a column's name or a table of words")
    unknown = sorted(set(spec) - _RULE_WORDS)
    if unknown:
        raise MappingError(
            f"{where}: unknown {', '.join(unknown)}; words: {', '.join(sorted(_RULE_WORDS))}"
        )
    if ("from" in spec) == ("value" in spec):
        raise MappingError(f"{where}: say either `from` or `value`")
    if "value" in spec:
        return Rule(constant=str(spec["value"]))
    sources = _texts(where, spec["from"])
    default = None if "default" not in spec else str(spec["default"])
    return Rule(sources, None, str(spec.get("join", "")), tuple(_changes(where, spec)), default)


def _texts(where: str, value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise MappingError(f"{where}: expected a text or a list of texts")
    return tuple(values)


# --------------------------------------------------------------------------------------- changes
def _changes(where: str, spec: Mapping[str, Any]) -> Iterable[Change]:
    """What is done to each value, in this order: code, unit, format and zone, shift, prefix."""
    if "codes" in spec:
        codes = {str(k): str(v) for k, v in dict(spec["codes"]).items()}
        yield _coded(codes, spec.get("other"))
    if "unit" in spec:
        try:
            yield UNITS[spec["unit"]]
        except KeyError:
            raise MappingError(
                f"{where}: unknown unit {spec['unit']!r}; units: {', '.join(sorted(UNITS))}"
            ) from None
    if "format" in spec or "zone" in spec:
        yield _moment(spec.get("format"), _zone(where, spec.get("zone")))
    if "shift_days" in spec:
        yield _shifted(timedelta(days=float(spec["shift_days"])))
    if "prefix" in spec:
        prefix = str(spec["prefix"])
        yield lambda value: f"{prefix}{value}"


def _coded(codes: Mapping[str, str], other: Any) -> Change:
    fallback = None if other is None else str(other)
    return lambda value: codes.get(str(value).strip(), fallback if fallback is not None else value)


def _zone(where: str, name: Any) -> tzinfo | None:
    if name is None:
        return None
    try:
        return UTC if name == "UTC" else ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        raise MappingError(
            f"{where}: unknown zone {name!r}; an IANA name such as Europe/Paris"
        ) from None


def _moment(form: str | None, zone: tzinfo | None) -> Change:
    def read(value: Any) -> Any:
        try:
            if isinstance(value, str):
                text = value.strip()
                # A format may leave the zone to `zone`, so a naive moment is right here.
                found = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
            else:
                found = value
            if not isinstance(found, datetime) or found.tzinfo is not None or zone is None:
                return found
            return found.replace(tzinfo=zone)
        except ValueError:
            return value

    return read


def _shifted(by: timedelta) -> Change:
    def shift(value: Any) -> Any:
        try:
            return value + by if isinstance(value, datetime) else value
        except OverflowError:
            return value

    return shift


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _since_epoch(per_second: int) -> Change:
    def read(value: Any) -> Any:
        try:
            return _EPOCH + timedelta(microseconds=float(value) * (1_000_000 / per_second))
        except (TypeError, ValueError, OverflowError):
            return value

    return read


def _divided(by: int) -> Change:
    def read(value: Any) -> Any:
        try:
            return float(value) / by
        except (TypeError, ValueError, OverflowError):
            return value

    return read


def _ip_number(value: Any) -> Any:
    """Dotted text of an IPv4 address kept as a number; a fraction is what a float left behind."""
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return value
    if not 0 <= number < 2**32:
        return value
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


UNITS: dict[str, Change] = {
    "epoch_s": _since_epoch(1),
    "epoch_ms": _since_epoch(1_000),
    "epoch_us": _since_epoch(1_000_000),
    "cents": _divided(100),
    "micros": _divided(1_000_000),
    "ip_number": _ip_number,
}


# -------------------------------------------------------------------------------------- applying
def _made(rule: Rule, columns: Columns, size: int) -> "pa.Array | list[Any] | None":
    if rule.constant is not None:
        return pa.repeat(rule.constant, size)
    given = [columns.get(name) for name in rule.sources]
    if any(column is None for column in given):
        return None if rule.default is None else pa.repeat(rule.default, size)
    if len(given) == 1 and not rule.changes and rule.default is None:
        return given[0]
    lists = [c.to_pylist() if isinstance(c, pa.Array) else list(c or ()) for c in given]
    known: dict[Any, Any] = {}
    return [_value(rule, values, known) for values in zip(*lists, strict=True)]


def _value(rule: Rule, values: tuple[Any, ...], known: dict[Any, Any]) -> Any:
    """One made value; the same values give the same answer, which is worked out once."""
    try:
        return known[values]
    except KeyError:
        known[values] = found = _worked_out(rule, values)
        return found
    except TypeError:  # a list or an object out of JSON
        return _worked_out(rule, values)


def _worked_out(rule: Rule, values: tuple[Any, ...]) -> Any:
    if any(value is None or value == "" for value in values):
        return rule.default
    value = values[0] if len(values) == 1 else rule.join.join(str(v) for v in values)
    for change in rule.changes:
        value = change(value)
    return value
