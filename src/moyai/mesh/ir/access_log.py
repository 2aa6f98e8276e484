"""What a proxy writes down about the requests and connections that pass it."""

from __future__ import annotations

import msgspec


class AccessLog(msgspec.Struct, frozen=True):
    """One line each, when it has ended: a JSON object, else text. Without ``query`` no query string is in it."""

    json: bool
    query: bool
