"""The door: rows of the contract come in, cleaned and pseudonymised events go on.

Behind it there is no address, mailbox, phone, card, device or prompt, only keyed pseudonyms and
what may stay readable. One table of scalar steps serves both ways in: :meth:`Door.event` runs it on
one row, :meth:`Door.batch` on the distinct values of each column. It knows nothing of files,
storage or the graph. Read :mod:`graph.normalise` for the steps, :mod:`graph.journal.journal` for
what becomes of the events.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph import normalise
from graph.cleaned import MARK, SCHEMAS, event_of
from graph.contract import TABLES, Column, ColumnType, Table, table_named
from graph.door_columns import Cleaned, clean_column, is_empty
from graph.enrich import email_class_of, network_of, user_agent_family
from graph.errors import InputError
from graph.facts import Event, Payment, Request, Session, Signup
from graph.normalise import Pseudonyms
from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.mark import Marker
from graph.quarantine import Refusal
from graph.reasons import Reason, Refused, shape_of

Columns = Mapping[str, "pa.Array | Sequence[Any]"]


@dataclass(frozen=True, slots=True)
class Step:
    """How one column of the contract becomes columns of a cleaned event."""

    column: Column
    outputs: tuple[str, ...]
    clean: Callable[[Any], tuple[Any, ...]]
    empty: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a batch comes to: cleaned rows, their numbers in the batch, and the refusals."""

    rows: pa.RecordBatch
    index: npt.NDArray[np.int64]
    refusals: tuple[Refusal, ...]


class Door:
    """The door of one deployment: ``Door(key).signup({"account_id": "a1", "ip": ...})``."""

    def __init__(self, key: bytes) -> None:
        self.pseudonyms = Pseudonyms(key)
        self.marker = Marker(Fingerprinter(key))
        self._steps = {name: tuple(self._plan(table)) for name, table in TABLES.items()}
        self._blank = {name: _blank(steps) for name, steps in self._steps.items()}

    def __repr__(self) -> str:
        return f"Door(key_id={self.key_id!r})"

    @property
    def key_id(self) -> str:
        """The name of the key, which a store remembers."""
        return self.pseudonyms.key_id

    # ------------------------------------------------------------------------------- one row
    def signup(self, row: Mapping[str, Any]) -> Signup:
        """The sign-up in a row of ``signups``.

        Raises:
            InputError: if the row breaks the contract; names column, reason and shape.
        """
        event = self.event("signups", row)
        assert isinstance(event, Signup)
        return event

    def payment(self, row: Mapping[str, Any]) -> Payment:
        """The payment in a row of ``payments``; raises as :meth:`signup` does."""
        event = self.event("payments", row)
        assert isinstance(event, Payment)
        return event

    def session(self, row: Mapping[str, Any]) -> Session:
        """The visit in a row of ``sessions``; raises as :meth:`signup` does."""
        event = self.event("sessions", row)
        assert isinstance(event, Session)
        return event

    def request(self, row: Mapping[str, Any]) -> Request:
        """The exchange in a row of ``requests``; raises as :meth:`signup` does."""
        event = self.event("requests", row)
        assert isinstance(event, Request)
        return event

    def event(self, table: str, row: Mapping[str, Any]) -> Event:
        """The event in a row of ``table``; keys that the contract does not list are ignored.

        Raises:
            InputError: if the row breaks the contract; names column, reason and shape.
            UnknownName: if there is no such table.
        """
        table_named(table)
        cleaned = self._blank[table].copy()
        for step in self._steps[table]:
            column = step.column
            value = row.get(column.name)
            if value is None and not column.required:
                continue
            try:
                found = _cleaned_value(step, value)
            except Refused as refused:
                where = f"{table}.{column.name}"
                text = f"{where}: {refused.reason.sentence} (got {shape_of(value)})"
                raise InputError(text) from None
            if len(found) == 1:
                cleaned[step.outputs[0]] = found[0]
            else:
                cleaned.update(zip(step.outputs, found, strict=True))
        if table == "requests":
            cleaned |= self._mark(cleaned)
        return event_of(table, cleaned)

    # ------------------------------------------------------------------------------- a batch
    def batch(self, table: str, columns: Columns, size: int) -> Admission:
        """Cleaned events of ``size`` rows of ``table``, given by column.

        A column may be an Arrow array of any type or a list of any values; one that is missing is
        empty. No row stops the others.

        Raises:
            UnknownName: if there is no such table.
        """
        spec = table_named(table)
        outputs: dict[str, Any] = {}
        broken: dict[int, tuple[str, Reason, str]] = {}
        for step in self._steps[table]:
            given = columns.get(step.column.name)
            cleaned = _missing(step, size) if given is None else clean_column(step, given)
            outputs.update(zip(step.outputs, cleaned.outputs, strict=True))
            for place, reason, shape in cleaned.refused:
                broken.setdefault(place, (step.column.name, reason, shape))
        refused = np.fromiter(broken, np.int64, len(broken))
        index: npt.NDArray[np.int64] = np.setdiff1d(np.arange(size, dtype=np.int64), refused)
        taken = {
            name: values if len(index) == size else values.take(pa.array(index))
            for name, values in outputs.items()
        }
        if table == "requests":
            taken |= self._marks(taken)
        schema = SCHEMAS[table]
        arrays = [taken[field.name].cast(field.type) for field in schema]
        rows = pa.RecordBatch.from_arrays(arrays, schema=schema)
        return Admission(rows, index, tuple(self._refusals(spec, columns, broken)))

    def row_key(self, table: str, values: Sequence[Any]) -> str | None:
        """The pseudonym of a row's key; None where a part of it is empty."""
        if any(is_empty(value) for value in values):
            return None
        return self.pseudonyms.of(f"key of {table}", "\x1f".join(str(value) for value in values))

    def _refusals(
        self, table: Table, columns: Columns, broken: Mapping[int, tuple[str, Reason, str]]
    ) -> list[Refusal]:
        heads = [columns.get(name) for name in table.key]
        found = []
        for index in sorted(broken):
            values = [None if head is None else _at(head, index) for head in heads]
            key = self.row_key(table.name, values)
            found.append(Refusal(index, *broken[index], key))
        return found

    # ------------------------------------------------------------------------------- prompts
    def _mark(self, row: Mapping[str, Any]) -> dict[str, Any]:
        mark = self.marker.mark_of(row["prompt"], row["system_prompt"], row["turn"])
        return {name: getattr(mark, name) for name in MARK}

    def _marks(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        texts = (columns[name].to_pylist() for name in ("prompt", "system_prompt", "turn"))
        mark_of = lru_cache(maxsize=4_096)(self.marker.mark_of)
        marks = [mark_of(*row) for row in zip(*texts, strict=True)]
        fields = (SCHEMAS["requests"].field(name) for name in MARK)
        return {f.name: pa.array([getattr(m, f.name) for m in marks], f.type) for f in fields}

    # -------------------------------------------------------------------------------- steps
    def _plan(self, table: Table) -> list[Step]:
        return [self._step(table, column) for column in table.columns]

    def _step(self, table: Table, column: Column) -> Step:
        special = self._special().get((table.name, column.name)) or self._special().get(
            ("", column.name)
        )
        if special is not None:
            outputs, clean = special
        elif column.codes:
            outputs, clean = (column.name,), _single(partial(normalise.code_of, codes=column.codes))
        else:
            name = "at" if column.name == table.time else column.name
            outputs, clean = (name,), _single(_BY_TYPE[column.type])
        empty = tuple("none" if name == "email_class" else None for name in outputs)
        return Step(column, outputs, clean, empty)

    def _special(self) -> dict[tuple[str, str], tuple[tuple[str, ...], Callable[[Any], Any]]]:
        """The columns that more is made of than their own clean form."""
        place = ("ip", "subnet", "asn", "asn_name", "ip_country", "ip_class")
        email = ("mailbox", "email_domain", "email_class", "email_shape")
        return {
            ("", "ip"): (place, self._place),
            ("", "email"): (email, self._email),
            ("", "phone"): (("phone", "phone_country"), self._phone),
            ("", "device_id"): (("device",), self._keyed("device")),
            ("", "payment_method_id"): (("payment_method",), self._keyed("payment_method")),
            ("", "conversation_id"): (("conversation",), self._keyed("conversation")),
            ("", "user_agent"): (("user_agent",), _single(_family)),
            ("", "issuer_id"): (("issuer",), _single(normalise.bin_of)),
            ("", "organisation"): (("organisation",), _single(normalise.organisation_of)),
            ("", "prompt"): (("prompt",), _single(normalise.prompt_of)),
            ("", "system_prompt"): (("system_prompt",), _single(normalise.prompt_of)),
        }

    def _keyed(self, kind: str) -> Callable[[Any], tuple[str]]:
        return lambda value: (self.pseudonyms.of(kind, normalise.id_of(value)),)

    def _place(self, value: Any) -> tuple[str | None, ...]:
        address = normalise.address_of(value)
        network = network_of(address.first)
        ip = self.pseudonyms.of("ip", address.subscriber)
        found = (network.asn, network.asn_name, network.country, network.ip_class)
        return (ip, address.subnet, *found)

    def _email(self, value: Any) -> tuple[str, ...]:
        email = normalise.email_of(value)
        mailbox = self.pseudonyms.of("mailbox", email.mailbox)
        return (mailbox, email.domain, email_class_of(email.domain), email.shape)

    def _phone(self, value: Any) -> tuple[str | None, ...]:
        phone = normalise.phone_of(value)
        return (self.pseudonyms.of("phone", phone.number), phone.country)


def _single(clean: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: (clean(value),)


def _family(value: Any) -> str:
    return user_agent_family(normalise.text_of(value))


_BY_TYPE: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.TEXT: normalise.id_of,
    ColumnType.TIME: normalise.time_of,
    ColumnType.INTEGER: normalise.integer_of,
    ColumnType.MONEY: normalise.amount_of,
    ColumnType.COUNTRY: normalise.country_of,
}


def _blank(steps: Sequence[Step]) -> dict[str, Any]:
    """The cleaned columns of a row that says nothing."""
    return {n: value for s in steps for n, value in zip(s.outputs, s.empty, strict=True)}


def _cleaned_value(step: Step, value: Any) -> tuple[Any, ...]:
    if not is_empty(value, money=step.column.type is ColumnType.MONEY):
        return step.clean(value)
    if step.column.required:
        raise Refused(Reason.MISSING)
    return step.empty


def _missing(step: Step, size: int) -> Cleaned:
    """The outputs of a column that the source does not have."""
    outputs = tuple(pa.array([value] * size) for value in step.empty)
    refused = [(i, Reason.MISSING, "empty") for i in range(size)] if step.column.required else []
    return Cleaned(outputs, refused)


def _at(column: "pa.Array | Sequence[Any]", index: int) -> Any:
    value = column[index]
    return value.as_py() if isinstance(value, pa.Scalar) else value
