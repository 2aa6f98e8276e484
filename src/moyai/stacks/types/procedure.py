"""A procedure: the calls that one operation on a resource takes, as a generator.

It yields what is to be done and receives the answer, so that it neither waits nor calls: the executor does, and tests
answer by hand. A procedure that was interrupted is begun again with the id that the resource has by then.
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

    ``input`` has the members' names in any case, and scalars of any type that can be read as the member's: templates
    write numbers as texts. The executor fits it to the operation's model. ``token``: the ids that the operation draws
    are equal for an equal token, so that a creation that is repeated after an interruption creates nothing else.
    ``stack``: the stack for whose resource it is called; the executor sets it.
    """

    service: str
    operation: str
    input: Mapping[str, Any]
    token: str | None = None
    stack: StackId | None = None


class Identified(msgspec.Struct, frozen=True):
    """The resource exists under this physical id, which is to be recorded before anything else is done."""

    id: str


class Wait(msgspec.Struct, frozen=True):
    """Go on after this time."""

    seconds: Seconds


class Signals(msgspec.Struct, frozen=True):
    """Look which signals the resource with this token has received.

    Answered with ``successes`` (data by unique id), ``failure`` (unique id and reason of the first one, or None) and
    ``seconds``: how long the operation is under way.
    """

    token: str


class Begun(msgspec.Struct, frozen=True):
    """The exchange with this request begins, unless it has begun before. Answered with ``seconds``: how long it is
    under way, over the ends of the control plane.
    """

    request: str


_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501


class AwsCallFailed(MoyaiError):
    """The answer to a call was an error. ``code``, ``status``: as the service sent them."""

    def __init__(self, service: str, code: str, message: str, status: int = 400, request_id: str = "") -> None:
        super().__init__(message)
        self.service, self.code, self.message, self.status, self.request_id = service, code, message, status, request_id

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later: the service failed, and does implement the operation."""
        return self.status >= _SERVER_FAULT and self.status != _NOT_IMPLEMENTED

    @property
    def may_be_done(self) -> bool:
        """Whether the service may have done what was asked for: it failed, and has received the request."""
        return self.status >= _SERVER_FAULT and self.code != RequestNotReceived.code


class ResourceFailed(MoyaiError):
    """The resource cannot become what it is to be; the message is the reason for the stack's event."""


T = TypeVar("T")
Step: TypeAlias = "Call | Identified | Wait | Signals | Begun"
Procedure: TypeAlias = Generator[Step, Mapping[str, Any], T]
"""Receives the answer to each call (an empty mapping after other steps), or AwsCallFailed."""
