"""What is in the frames, and the text that opens a channel: JSON, in AWS's names.

Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/message/handshakemessage.go and
clientmessage.go beside it, and src/service/service.go
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeVar

import msgspec

from moyai.api.channel.message import BadFrame
from moyai.ports.sessions import TerminalSize

T = TypeVar("T")
AGENT_VERSION = "3.3.0.0"
SESSION_TYPE = "SessionType"
INTERACTIVE = "InteractiveCommands"
_MOST = 1000
"""Rows or columns."""


class Flag(IntEnum):
    """The value of a FLAG payload."""

    INPUT_ENDED = 1
    TERMINATE = 2


class Own(msgspec.Struct, frozen=True, rename="pascal"):
    """What moyai's own client asks for: pipes instead of a terminal. It is told the exit code, too."""

    terminal: bool = True


class Opening(msgspec.Struct, frozen=True, rename="pascal"):
    """The first message of a client, as text."""

    token_value: str
    message_schema_version: str = "1.0"
    request_id: str = ""
    client_id: str = ""
    client_version: str = ""
    moyai: Own | None = None


class Acknowledgement(msgspec.Struct, frozen=True):
    """What was received."""

    kind: str = msgspec.field(name="AcknowledgedMessageType")
    id: str = msgspec.field(name="AcknowledgedMessageId")
    sequence: int = msgspec.field(name="AcknowledgedMessageSequenceNumber")
    is_sequential: bool = msgspec.field(name="IsSequentialMessage", default=True)


class RequestedAction(msgspec.Struct, frozen=True, rename="pascal"):
    """Something the client is to do before a session begins."""

    action_type: str
    action_parameters: Any = None


class HandshakeRequest(msgspec.Struct, frozen=True, rename="pascal"):
    """What the client is to do."""

    agent_version: str = AGENT_VERSION
    requested_client_actions: tuple[RequestedAction, ...] = ()


class ProcessedAction(msgspec.Struct, frozen=True, rename="pascal"):
    """What the client has done; ``action_status`` 1 is success."""

    action_type: str = ""
    action_status: int = 0
    action_result: Any = None
    error: str = ""


class HandshakeResponse(msgspec.Struct, frozen=True, rename="pascal"):
    """What the client has done."""

    client_version: str = ""
    processed_client_actions: tuple[ProcessedAction, ...] = ()
    errors: tuple[str, ...] | None = None


class HandshakeComplete(msgspec.Struct, frozen=True, rename="pascal"):
    """The session begins. The time is in nanoseconds."""

    handshake_time_to_complete: int = 0
    customer_message: str = ""


class ChannelClosed(msgspec.Struct, frozen=True, rename="pascal"):
    """The session is over; ``output`` says why, where it is not simply at its end."""

    message_id: str
    created_date: str
    session_id: str
    output: str = ""
    destination_id: str = ""
    message_type: str = "channel_closed"
    schema_version: int = 1


class Size(msgspec.Struct, frozen=True):
    """The terminal's."""

    cols: int
    rows: int

    @property
    def terminal(self) -> TerminalSize:
        """As a runtime is told: at least one character, and no more than a screen can have."""
        return TerminalSize(max(1, min(self.rows, _MOST)), max(1, min(self.cols, _MOST)))


_READERS: Mapping[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (Opening, Acknowledgement, HandshakeRequest, HandshakeResponse, ChannelClosed, Size)
}


def handshake() -> HandshakeRequest:
    """What every client is asked for: to be a terminal."""
    return HandshakeRequest(requested_client_actions=(RequestedAction(SESSION_TYPE, {"SessionType": INTERACTIVE}),))


def write(value: msgspec.Struct) -> bytes:
    """The value as JSON."""
    return msgspec.json.encode(value)


def read(kind: type[T], raw: bytes | str) -> T:
    """The value that the JSON is. Raises BadFrame."""
    try:
        found: T = _READERS[kind].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"this is no {kind.__name__}") from error
    return found
