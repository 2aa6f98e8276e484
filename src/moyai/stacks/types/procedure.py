"""A procedure: the steps of one operation on a resource, as a generator.

It yields each step and receives the answer, so that it neither waits nor calls: the executor does both, and tests
answer by themselves. An interrupted procedure begins again, with the physical id if the resource has one already.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from moyai.kernel.clock import Seconds
from moyai.kernel.errors import MoyaiError, RequestNotReceived
from moyai.kernel.ids import StackId


class Call(msgspec.Struct, frozen=True):
    """A call of an AWS operation.

    ``input``: the members' names in upper or lower case, and scalars of any type that can be converted to the member's,
    because templates write numbers as texts; the executor fits it to the operation's model. ``token``: for the same
    token the operation generates the same ids, so that a creation that is repeated after an interruption creates
    nothing new. ``stack``: the stack of the resource; the executor sets it.
    """

    service: str
    operation: str
    input: Mapping[str, Any]
    token: str | None = None
    stack: StackId | None = None


class Identified(msgspec.Struct, frozen=True):
    """Record that the resource exists under this physical id, before the next step."""

    id: str


class Wait(msgspec.Struct, frozen=True):
    """Continue after this time."""

    seconds: Seconds


class Signals(msgspec.Struct, frozen=True):
    """Read the signals that the resource with this token has received.

    Answered with ``successes`` (data by unique id), ``failure`` (unique id and reason of the first failure, or None)
    and ``seconds``, the duration of the operation so far.
    """

    token: str


class Begun(msgspec.Struct, frozen=True):
    """Record the time at which the request with this id was first sent, unless it is recorded already.

    Answered with ``seconds``, the time since then, including that in which no control plane ran.
    """

    request: str


_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501


class AwsCallFailed(MoyaiError):
    """The answer to a call is an error. ``code`` and ``status`` are those that the service has sent."""

    def __init__(self, service: str, code: str, message: str, status: int = 400, request_id: str = "") -> None:
        super().__init__(message)
        self.service, self.code, self.message, self.status, self.request_id = service, code, message, status, request_id

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later: the error is the server's, and it implements the operation."""
        return self.status >= _SERVER_FAULT and self.status != _NOT_IMPLEMENTED

    @property
    def may_be_done(self) -> bool:
        """Whether the call may have had its effect: the error is the server's, and it has received the request."""
        return self.status >= _SERVER_FAULT and self.code != RequestNotReceived.code


class ResourceFailed(MoyaiError):
    """The operation on a resource has failed. The message is the reason in the stack's event."""


T = TypeVar("T")
Step: TypeAlias = "Call | Identified | Wait | Signals | Begun"
Procedure: TypeAlias = Generator[Step, Mapping[str, Any], T]
"""Receives the answer to each call (an empty mapping after other steps), or AwsCallFailed."""
