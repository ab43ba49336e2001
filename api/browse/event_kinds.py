"""Kinds of events on the wire, and the journal's tables they are kept in."""

from graph.journal.account import TABLES

KINDS = {table: table.removesuffix("s") for table in TABLES}
TABLE_OF_KIND = {kind: table for table, kind in KINDS.items()}
