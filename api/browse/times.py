"""Moments of the wire as the floors below count them."""

from datetime import UTC, datetime

from api.schemas.answers import moment

_EPOCH = moment(0)


def micros(at: datetime) -> int:
    """``at`` in microseconds since the epoch; without an offset it is taken for UTC."""
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
