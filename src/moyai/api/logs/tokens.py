"""Tokens of GetLogEvents: a position in the order of events.

A token holds nothing that its reader did not see; one of another form is InvalidParameter.
"""

from __future__ import annotations

import re
from typing import Final

from moyai.api.logs.lookup import invalid_token
from moyai.ports.logs import EventPosition

FORWARD: Final = "f"
BACKWARD: Final = "b"
_TOKEN: Final = re.compile(r"([fb])/(-?[0-9]{1,18})\.(-?[0-9]{1,18})")


def encode_token(direction: str, place: EventPosition) -> str:
    """The token for the events before or after a position."""
    return f"{direction}/{place.at}.{place.number}"


def decode_token(token: str) -> tuple[str, EventPosition]:
    """The direction and position of a token. Raises InvalidParameter."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise invalid_token()
    return match[1], EventPosition(int(match[2]), int(match[3]))
