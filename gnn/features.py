"""The two rows a model sees: a sign-up at its own moment, and an account as of a refresh.

Columns are functions (:mod:`gnn.features_signup`, :mod:`gnn.features_account`); their names are
written into a bundle, and loading one whose names differ raises ``ModelMismatch``.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gnn.columns import Column
from gnn.features_account import ACCOUNT, Accounts, Floats
from gnn.features_signup import PER_LINK, SIGNUP, Moment
from gnn.features_velocity import PER_KIND  # and its columns come after those of the sign-up
from gnn.vicinity import Vicinity
from graph.facts import Payment, Signup
from graph.snapshot import Snapshot

SIGNUP_COLUMNS: tuple[str, ...] = SIGNUP.names
ACCOUNT_COLUMNS: tuple[str, ...] = ACCOUNT.names

_MANY = {place for held in PER_LINK.values() for place, _ in held}
_MANY |= {place for held in PER_KIND.values() for place, _ in held}
_ONE_EACH = [(n, one.compute) for n, one in enumerate(SIGNUP.columns) if n not in _MANY]


def signup_row(
    event: Signup, piece: Snapshot, now: int, payment: Payment | None = None
) -> npt.NDArray[np.float32]:
    """The row of one sign-up, float32 [len(SIGNUP_COLUMNS)], NaN for unknown.

    Args:
        event: the sign-up.
        piece: the neighbourhood of what it names, as of ``now``; see ``gnn.vicinity.ids_of``.
        now: the moment of scoring (us); nothing in ``piece`` is later.
        payment: the first payment, if it came with the sign-up.
    """
    return row_of(Moment(event, Vicinity.of(event, piece, payment), now, payment))


def row_of(moment: Moment) -> npt.NDArray[np.float32]:
    """The row of a sign-up whose vicinity is already read; see :func:`signup_row`."""
    row = [math.nan] * len(SIGNUP.columns)
    for place, compute in _ONE_EACH:
        row[place] = compute(moment)
    # Most kinds of link and entity are absent: only those that are there are asked.
    for name, tie in moment.vicinity.ties.items():
        for place, of_tie in PER_LINK[name]:
            row[place] = of_tie(moment, tie)
    for kind, rate in moment.rates.items():
        for place, of_rate in PER_KIND[kind]:
            row[place] = of_rate(rate)
    return np.array(row, np.float32)


def account_matrix(snapshot: Snapshot) -> npt.NDArray[np.float32]:
    """A row for every account of ``snapshot`` (activity set), float32 [N, len(ACCOUNT_COLUMNS)]."""
    accounts = Accounts(snapshot)
    matrix = np.empty((accounts.size, len(ACCOUNT.columns)), np.float32)
    for place, column in enumerate(ACCOUNT.columns):
        matrix[:, place] = column.compute(accounts)
    return matrix


def described() -> dict[str, str]:
    """The sentence of every column of both kinds, by ``signup.name`` and ``account.name``."""
    return {**_sentences("signup", SIGNUP.columns), **_sentences("account", ACCOUNT.columns)}


def _sentences(
    kind: str, columns: Sequence[Column[Moment, float]] | Sequence[Column[Accounts, Floats]]
) -> dict[str, str]:
    return {f"{kind}.{column.name}": column.sentence for column in columns}
