"""The beginning and the end of a certificate's validity, in AWS's five forms.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_Validity.html
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import msgspec

from moyai.domain.pca.errors import InvalidArgs
from moyai.kernel.clock import Instant

_SHORT, _LONG = 12, 14
_LAST_SHORT_YEAR = 50
_MONTHS = 12
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Validity(msgspec.Struct, frozen=True):
    """A moment, or a length of time from now."""

    value: int
    type: str


def ends(validity: Validity, now: Instant) -> Instant:
    """The end of the validity. Raises InvalidArgs."""
    moment = datetime.fromtimestamp(now, UTC)
    try:
        match validity.type:
            case "ABSOLUTE":
                end = datetime.fromtimestamp(validity.value, UTC)
            case "END_DATE":
                end = _date(str(validity.value))
            case "DAYS":
                end = moment + timedelta(days=validity.value)
            case "MONTHS":
                end = _months(moment, validity.value)
            case _:
                end = _months(moment, _MONTHS * validity.value)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidArgs(f"Validity: {validity.value} {validity.type} is not a time before the year 10000.") from error
    return Instant(float(int(min(end, _LAST).timestamp())))


def begins(validity: Validity) -> Instant:
    """The moment of ValidityNotBefore. Raises InvalidArgs."""
    if validity.type != "ABSOLUTE":
        raise InvalidArgs("ValidityNotBefore: only the type ABSOLUTE is a moment.")
    return ends(validity, Instant(0.0))


def _date(text: str) -> datetime:
    """``YYMMDDHHMMSS``, which may have lost its first zero as a number, or ``YYYYMMDDHHMMSS``."""
    if len(text) in {_SHORT - 1, _SHORT}:
        text = text.zfill(_SHORT)
        text = ("19" if int(text[:2]) >= _LAST_SHORT_YEAR else "20") + text
    if len(text) != _LONG:
        raise ValueError(text)
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _months(start: datetime, count: int) -> datetime:
    """The time ``count`` months later, on the last day of the month if it is shorter."""
    month = start.month - 1 + count
    year, month = start.year + month // _MONTHS, month % _MONTHS + 1
    if year > _LAST.year:
        raise OverflowError(year)
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
