"""The whole error tree of Ringsight; each class says in one line whose fault it is.

::

    RingError
     +-- SettingsError            the operator's: a setting is missing or cannot be right
     |    +-- KeyMissing          no pseudonym key was given where one is needed
     |    +-- KeyRefused          the store was built with another key
     +-- SourceError              the source's: it cannot be read at all
     |    +-- MappingError        the mapping file's: it names what does not exist
     |    +-- TooMuchQuarantined  the source's: more rows break the contract than the run allows
     +-- InputError               the caller's: a request or argument cannot be served as it stands
     |    +-- NotFound            the caller's: no such account, ring, entity or bundle
     |    +-- UnknownName         the caller's: a name outside the vocabulary (says what exists)
     |    +-- KeyReused           the caller's: one Idempotency-Key, two bodies
     |    +-- Conflict            the caller's: what it speaks of has changed or was done already
     |         +-- Stale          the caller's: it holds an older version than there is
     +-- AccessError              the caller's: it may not do this
     |    +-- NotRecognised       no key, token or session that is known
     |    +-- NotAllowed          known, without the scope or the role
     |    +-- TooOften            more calls than the key is allowed
     +-- StoreError               the store's
     |    +-- StoreUnavailable    not reachable, locked or full right now; trying again is safe
     |    |    +-- Overloaded     more waits to be written than is healthy; trying again is safe
     |    +-- StoreCorrupt        its content breaks a law; do not go on
     |    +-- SchemaMismatch      written by another version of the schema
     +-- ModelError               the model's
          +-- ModelMissing        no bundle where one is needed
          +-- ModelMismatch       its columns or versions differ from this code's
          +-- BundleCorrupt       its digests do not match its files
          +-- BundleUnsigned      nobody who is trusted signed it
          +-- GateRefused         the gate did not let it pass; a reason forces it
          +-- RegistryUnavailable the registry of models cannot be reached or is not installed

An error's text says what it got and what exists. It never holds a personal value: no e-mail,
phone number, address or prompt. HTTP statuses are given to these classes by one table in
``api.app``; nothing here knows of HTTP.
"""

from collections.abc import Iterable


class RingError(Exception):
    """The root of everything Ringsight raises on purpose."""


class SettingsError(RingError):
    """A setting is missing or cannot be right."""


class KeyMissing(SettingsError):
    """No pseudonym key was given where one is needed."""


class KeyRefused(SettingsError):
    """The store was built with another pseudonym key."""


class SourceError(RingError):
    """A source cannot be read at all."""


class MappingError(SourceError):
    """A mapping file names what does not exist, or cannot be parsed."""


class TooMuchQuarantined(SourceError):
    """More rows of a source break the contract than the run allows."""


class InputError(RingError):
    """One request or argument cannot be served as it stands."""


class NotFound(InputError):
    """There is no such account, ring, entity or bundle."""


class UnknownName(InputError):
    """A name outside the vocabulary was used."""

    @classmethod
    def among(cls, what: str, got: str, known: Iterable[str]) -> "UnknownName":
        """The error for ``got`` used as a ``what``, listing the names that exist."""
        return cls(f"unknown {what} {got!r}; known: {', '.join(sorted(known))}")


class Conflict(InputError):
    """What the call speaks of has changed meanwhile, or was done already.

    ``about`` says how: ``current_version`` (int), accounts ``added`` and ``removed`` (ids).
    """

    def __init__(self, text: str, **about: int | list[str]) -> None:
        super().__init__(text)
        self.about = about


class Stale(Conflict):
    """The caller holds an older version than there is."""


class AccessError(RingError):
    """The caller may not do this."""


class NotRecognised(AccessError):
    """No key, token or session that is known."""


class NotAllowed(AccessError):
    """The caller is known and lacks the scope or the role."""


class TooOften(AccessError):
    """More calls than the key is allowed."""


class KeyReused(InputError):
    """An Idempotency-Key was used before, with another body."""


class StoreError(RingError):
    """A store failed."""


class StoreUnavailable(StoreError):
    """The store is not reachable, locked or full right now; trying again is safe."""


class Overloaded(StoreUnavailable):
    """More waits to be written than is healthy; trying again is safe."""


class StoreCorrupt(StoreError):
    """The store's content breaks a law of the store."""


class SchemaMismatch(StoreError):
    """The store was written by another version of the schema."""


class ModelError(RingError):
    """A model cannot be used."""


class ModelMissing(ModelError):
    """There is no bundle where one is needed."""


class ModelMismatch(ModelError):
    """A bundle's columns or versions differ from this code's."""


class BundleCorrupt(ModelError):
    """A bundle's digests do not match its files."""


class BundleUnsigned(ModelError):
    """A bundle carries no signature of anybody who is trusted."""


class GateRefused(ModelError):
    """A model that the gate did not let pass was to be put in use."""


class RegistryUnavailable(ModelError):
    """The registry of models cannot be reached, or is not installed."""
