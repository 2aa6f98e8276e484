"""The servers of the AWS services that moyai does not implement.

Promise: a request is forwarded as its client sent it, the body as a stream, with the account and region in whose state
it is to be answered. The API gateway has authenticated its sender.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import msgspec

from moyai.kernel.errors import MoyaiError
from moyai.kernel.scope import Scope


class DelegateFailed(MoyaiError):
    """A server gave no usable response. The message is for moyai's log."""


class NotReceived(DelegateFailed):
    """A server has received no part of the request. The message is for the client."""


class DelegateBusy(NotReceived):
    """A server has no connection left for the request."""


class NotReached(NotReceived):
    """A server does not listen."""


class DelegateReset(DelegateFailed):
    """A server was reset while it had the request. The message is for the client."""


class NotDelegated(MoyaiError):
    """A server does not implement the operation. The message is for the client."""


class DelegatedRequest(msgspec.Struct, frozen=True):
    """A request to a service that moyai does not implement."""

    service: str
    """The name that SDKs sign with: ``s3``, ``sqs``."""
    scope: Scope
    method: str
    target: str
    """The path and the query string, as they were received."""
    headers: Mapping[str, str]
    """The headers, by their lower-case names."""
    body: AsyncIterator[bytes] | None
    """None where the request has no body, not even an empty one."""


class DelegatedResponse(msgspec.Struct, frozen=True):
    """The response to such a request. Its chunks have to be read to their end, or closed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: AsyncIterator[bytes]


class ServiceOwner(msgspec.Struct, frozen=True):
    """The server that answers a service."""

    service: str
    """The name that SDKs sign with; ``*`` = all services that no other owner names."""
    answered_by: str | None
    """``moyai``, a server's URL, or another description of the server; None = no server."""
    durable: bool | None
    """Whether the service's records survive a restart of the machine; None = moyai does not know."""
    lost: str = ""
    """The records that a restart of the machine, or ``moyai down``, loses; empty = none, or moyai does not know."""
    other_version: str | None = None
    """The version of moyai that has started the server, where it is not this one."""


class Delegate(Protocol):
    """Forwards requests to whichever server answers their service."""

    def owners(self) -> Sequence[ServiceOwner]:
        """The server that answers each service; the last entry is for all other services."""

    def refusal(self, service: str) -> str | None:
        """Why no server answers this service, and what to do about it; None when a server does."""

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        """The server's response, as soon as its status and headers have arrived. Raises NotDelegated, DelegateFailed,
        and what the body raises.
        """

    async def close(self) -> None:
        """Close all connections. The servers keep running."""
