"""The payloads of frames, and the text message that opens a channel: JSON with the plugin's member names.

Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/message/handshakemessage.go and
clientmessage.go beside it, and src/service/service.go
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeVar

import msgspec

from moyai.api.data_channel.message import BadFrame
from moyai.ports.sessions import TerminalSize

T = TypeVar("T")
AGENT_VERSION = "3.3.0.0"
SESSION_TYPE = "SessionType"
INTERACTIVE = "InteractiveCommands"
_MAX_SIZE = 1000
"""Rows or columns."""


class Flag(IntEnum):
    """The value of a FLAG payload."""

    INPUT_ENDED = 1
    TERMINATE = 2


class ClientOptions(msgspec.Struct, frozen=True, rename="pascal"):
    """Options of moyai's own client, which may ask for pipes instead of a terminal, and gets the exit code."""

    terminal: bool = True


class Opening(msgspec.Struct, frozen=True, rename="pascal"):
    """The first message of a client, which is text."""

    token_value: str
    message_schema_version: str = "1.0"
    request_id: str = ""
    client_id: str = ""
    client_version: str = ""
    moyai: ClientOptions | None = None


class Acknowledgement(msgspec.Struct, frozen=True):
    """Acknowledges a message by its id and sequence number."""

    kind: str = msgspec.field(name="AcknowledgedMessageType")
    id: str = msgspec.field(name="AcknowledgedMessageId")
    sequence: int = msgspec.field(name="AcknowledgedMessageSequenceNumber")
    is_sequential: bool = msgspec.field(name="IsSequentialMessage", default=True)


class RequestedAction(msgspec.Struct, frozen=True, rename="pascal"):
    """An action for the client before a session begins."""

    action_type: str
    action_parameters: Any = None


class HandshakeRequest(msgspec.Struct, frozen=True, rename="pascal"):
    """Asks the client for actions before the session begins."""

    agent_version: str = AGENT_VERSION
    requested_client_actions: tuple[RequestedAction, ...] = ()


class ProcessedAction(msgspec.Struct, frozen=True, rename="pascal"):
    """The result of an action; ``action_status`` 1 is success."""

    action_type: str = ""
    action_status: int = 0
    action_result: Any = None
    error: str = ""


class HandshakeResponse(msgspec.Struct, frozen=True, rename="pascal"):
    """The results of the requested actions."""

    client_version: str = ""
    processed_client_actions: tuple[ProcessedAction, ...] = ()
    errors: tuple[str, ...] | None = None


class HandshakeComplete(msgspec.Struct, frozen=True, rename="pascal"):
    """Begins the session. The time is in nanoseconds."""

    handshake_time_to_complete: int = 0
    customer_message: str = ""


class ChannelClosed(msgspec.Struct, frozen=True, rename="pascal"):
    """Closes the channel; ``output`` has the reason, unless the session has simply ended."""

    message_id: str
    created_date: str
    session_id: str
    output: str = ""
    destination_id: str = ""
    message_type: str = "channel_closed"
    schema_version: int = 1


class Size(msgspec.Struct, frozen=True):
    """The size of the client's terminal."""

    cols: int
    rows: int

    @property
    def terminal(self) -> TerminalSize:
        """The size for the runtime, from 1 to 1000 rows and columns."""
        return TerminalSize(max(1, min(self.rows, _MAX_SIZE)), max(1, min(self.cols, _MAX_SIZE)))


_READERS: Mapping[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (Opening, Acknowledgement, HandshakeRequest, HandshakeResponse, ChannelClosed, Size)
}


def handshake_request() -> HandshakeRequest:
    """The handshake of every session: it asks for an interactive command."""
    return HandshakeRequest(requested_client_actions=(RequestedAction(SESSION_TYPE, {"SessionType": INTERACTIVE}),))


def write(value: msgspec.Struct) -> bytes:
    """Encode a payload as JSON."""
    return msgspec.json.encode(value)


def read(kind: type[T], raw: bytes | str) -> T:
    """Decode a payload. Raises BadFrame."""
    try:
        payload: T = _READERS[kind].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"this is no {kind.__name__}") from error
    return payload
