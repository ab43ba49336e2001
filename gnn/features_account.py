"""Columns of an account as of a moment, vectorised over a snapshot.

Each function gives one figure for every account, float64 [N] with NaN for unknown; its docstring is
what an investigator reads. What accounts did comes ready from :mod:`graph.activity`, with whom they
act together from :mod:`graph.lockstep`. Nothing here looks at other accounts' scores: passing those
along is :mod:`gnn.mates`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gnn.columns import Column, Family, Register, first_sentence
from gnn.vicinity import LINKS, Link
from graph import lockstep
from graph.activity import SENTENCES
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot

Floats = npt.NDArray[np.float64]

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Accounts:
    """The accounts of a snapshot, with what several columns need computed once."""

    snapshot: Snapshot

    def numbers(self, name: str) -> Floats:
        """A numeric property, NaN where unknown."""
        return self.snapshot.numbers(NodeType.ACCOUNT, name)

    def texts(self, name: str) -> pa.Array:
        """A text property, null where unknown."""
        return self.snapshot.texts(NodeType.ACCOUNT, name)

    @cached_property
    def size(self) -> int:
        """The number of accounts."""
        return self.snapshot.size(NodeType.ACCOUNT)

    def crowd(self, link: Link) -> Floats:
        """Other accounts on the busiest entity of a kind that each account touches; 0 for none."""
        accounts, entities = self.snapshot.ends(link.verb)
        others = np.bincount(entities, minlength=self.snapshot.size(EDGE_OF[link.verb].target)) - 1
        busiest = np.zeros(self.size)
        np.maximum.at(busiest, accounts, others[entities])
        return busiest


ACCOUNT: Register[Accounts, Floats] = Register()
column = ACCOUNT.column


@column(Family.HISTORY)
def age_days(accounts: Accounts) -> Floats:
    """Time since the account was opened."""
    return (accounts.snapshot.as_of - accounts.numbers("created_at")) / DAY_US


@column(Family.SIGNUP)
def is_disposable_email(accounts: Accounts) -> Floats:
    """The e-mail address is of a disposable kind."""
    return _is(accounts, "email_class", "disposable")


@column(Family.SIGNUP)
def is_private_email(accounts: Accounts) -> Floats:
    """The e-mail address is on a domain of its own."""
    return _is(accounts, "email_class", "private")


@column(Family.SIGNUP)
def email_digits_share(accounts: Accounts) -> Floats:
    """Share of the e-mail name that is digits."""
    shape = accounts.texts("email_shape")
    return _numbers(pc.count_substring(shape, "9")) / _numbers(pc.utf8_length(shape))


@column(Family.SIGNUP)
def email_name_length(accounts: Accounts) -> Floats:
    """Length of the e-mail name's pattern."""
    return _numbers(pc.utf8_length(accounts.texts("email_shape")))


@column(Family.SIGNUP)
def is_self_serve(accounts: Accounts) -> Floats:
    """The account was opened by self-service."""
    return _is(accounts, "pathway", "self_serve")


@column(Family.SIGNUP)
def is_granted_access(accounts: Accounts) -> Floats:
    """The account came through an education, research or start-up programme."""
    return _is(accounts, "pathway", "education", "research", "startup")


@column(Family.SIGNUP)
def is_scripted_signup(accounts: Accounts) -> Floats:
    """The sign-up came from a script or library rather than a browser."""
    browser = pc.match_substring(accounts.texts("user_agent"), "/")
    return 1 - _numbers(browser)


@column(Family.NETWORK)
def is_hosting_signup(accounts: Accounts) -> Floats:
    """The sign-up came from a hosting network or a VPN exit."""
    return _is(accounts, "ip_class", "hosting", "vpn")


@column(Family.NETWORK)
def is_foreign_signup(accounts: Accounts) -> Floats:
    """The address at sign-up is in another country than the applicant said."""
    differs = pc.not_equal(accounts.texts("country"), accounts.texts("ip_country"))
    return _numbers(differs)


def _crowd_column(link: Link) -> Column[Accounts, Floats]:
    def compute(accounts: Accounts) -> Floats:
        """Other accounts on the busiest ENTITY it used."""
        return accounts.crowd(link)

    sentence = first_sentence(compute.__doc__).replace("ENTITY", link.entity)
    return Column(f"{link.name}_crowd", Family.IDENTIFIERS, sentence, compute)


def _activity_column(name: str, sentence: str) -> Column[Accounts, Floats]:
    return Column(name, _family_of(name), sentence, lambda accounts: accounts.numbers(name))


_PAYMENT_WORDS = (
    "payment",
    "issuer",
    "declined",
    "reversed",
    "prepaid",
    "invoiced",
    "card",
    "paid",
)
_NETWORK_WORDS = ("address", "prefixes", "operators", "countries", "hosting", "vpn", "home", "work")
_PROMPT_WORDS = ("prompt", "completion", "languages", "refused", "conversations", "turn")


def _family_of(name: str) -> Family:
    """The family of an activity column, told by the words of its name; timing for the rest."""
    for family, words in (
        (Family.PROMPTS, _PROMPT_WORDS),
        (Family.PAYMENT, _PAYMENT_WORDS),
        (Family.NETWORK, (*_NETWORK_WORDS, "abroad")),
    ):
        if any(word in name for word in words):
            return family
    return Family.TIMING


for _link in LINKS:
    ACCOUNT.add(_crowd_column(_link))
for _name, _sentence in (*SENTENCES.items(), *lockstep.SENTENCES.items()):
    ACCOUNT.add(_activity_column(_name, _sentence))


def _is(accounts: Accounts, name: str, *codes: str) -> Floats:
    values = accounts.texts(name)
    hit = _numbers(pc.is_in(values, pa.array(codes)))
    return np.where(np.asarray(values.is_valid()), hit, np.nan)


def _numbers(values: pa.Array) -> Floats:
    return np.asarray(pc.fill_null(values.cast(pa.float64()), float("nan")), dtype=np.float64)
