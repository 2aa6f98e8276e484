"""Client tokens: for ten minutes the same token makes one change.

Promise: a request that is sent again under its token is answered with what there is, and changes nothing; another
request under that token is a Conflict. What is kept of tokens is on the record that they changed, so it is as durable
as the change; the newest eight of a record are kept, and none that is too old.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from moyai.api.operation import Context
from moyai.domain.appmesh.errors import BadRequest, Conflict
from moyai.domain.appmesh.resource import Call, Resource
from moyai.domain.keys import named_key

R = TypeVar("R", bound=Resource)

REMEMBERED: Final = 600
"""Seconds."""
_KEPT: Final = 8
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")


def call_of(ctx: Context, operation: str, token: str | None, request: msgspec.Struct) -> Call | None:
    """The record of a call with a client token; None without a token. Raises BadRequest."""
    if token is None:
        return None
    if not _TOKEN.fullmatch(token):
        raise BadRequest("clientToken: it has 1 to 36 letters, digits, hyphens and underscores.")
    name = named_key(ctx.scope, f"{operation}/{token}")
    return Call(name, sha256(msgspec.json.encode(request)).hexdigest(), ctx.now)


def made_by(known: Iterable[R], call: Call) -> R | None:
    """Of the records that keep a call of this name, the one that this very call changed. Raises Conflict."""
    for record in known:
        for kept in record.calls:
            if kept.name == call.name and call.at < kept.at + REMEMBERED:
                if kept.fingerprint != call.fingerprint:
                    raise Conflict("The clientToken was used for another request a short while ago.")
                return record
    return None


def with_call(calls: tuple[Call, ...], call: Call | None) -> tuple[Call, ...]:
    """The calls with one more, without those that are too old."""
    if call is None:
        return calls
    return (*(one for one in calls if call.at < one.at + REMEMBERED), call)[-_KEPT:]
