"""Client tokens: within ten minutes, requests with the same token make one change.

Promise: a repeated request returns the resource and changes nothing; another request with its token is a Conflict. The
record that a request changed has its token, so the token is as durable as the change; a record keeps its newest eight
tokens, and none that has expired.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from moyai.api.operation import Context
from moyai.domain.appmesh.errors import BadRequest, Conflict
from moyai.domain.appmesh.resource import AppMeshResource, ClientRequest
from moyai.domain.keys import named_key

R = TypeVar("R", bound=AppMeshResource)

REMEMBERED: Final = 600
"""Seconds until a token expires."""
_MAX_CALLS: Final = 8
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")


def call_of(ctx: Context, operation: str, token: str | None, request: msgspec.Struct) -> ClientRequest | None:
    """The record of a call with a client token; None without a token. Raises BadRequest."""
    if token is None:
        return None
    if not _TOKEN.fullmatch(token):
        raise BadRequest("clientToken: it has 1 to 36 letters, digits, hyphens and underscores.")
    name = named_key(ctx.scope, f"{operation}/{token}")
    return ClientRequest(name, sha256(msgspec.json.encode(request)).hexdigest(), ctx.now)


def changed_by(records: Iterable[R], call: ClientRequest) -> R | None:
    """The record that an equal call changed before, among those with a call of this name. Raises Conflict."""
    for record in records:
        for earlier in record.calls:
            if earlier.name == call.name and call.at < earlier.at + REMEMBERED:
                if earlier.fingerprint != call.fingerprint:
                    raise Conflict("The clientToken was used for another request a short while ago.")
                return record
    return None


def with_call(calls: tuple[ClientRequest, ...], call: ClientRequest | None) -> tuple[ClientRequest, ...]:
    """The calls with a new one, without expired ones."""
    if call is None:
        return calls
    return (*(c for c in calls if call.at < c.at + REMEMBERED), call)[-_MAX_CALLS:]
