"""An ordered, reliable stream over frames: sequence numbers, acknowledgements, retransmission. No I/O and no clock.

Promise: the receiver gets each message of the sender once and in order, though frames are lost, late or duplicated. A
frame that is not acknowledged in time is retransmitted, the oldest first; early frames are buffered, up to a limit. A
message is acknowledged when its receiver takes it, which bounds how far a sender can be ahead.
Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/datachannel/streaming.go
"""

from __future__ import annotations

from collections import deque

from moyai.api.data_channel.message import BadFrame, ChannelMessage, MessageType, PayloadType, pack, unpack
from moyai.api.data_channel.payloads import Acknowledgement, read, write
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids

WINDOW = 64
"""Frames that may be unacknowledged."""
MAX_BUFFERED = 256
"""Received frames that wait to be taken, or for an earlier one. Frames beyond are dropped and retransmitted."""
_FIRST_TIMEOUT, _LONGEST_TIMEOUT = 0.2, 1.0
_SINGLE_MESSAGE = 3
"""The flags SYN and FIN: a stream of one message."""


class UnacknowledgedFrame:
    """A frame that was sent, and when."""

    def __init__(self, frame: bytes, now: Instant) -> None:
        self.frame = frame
        self.sent_at = now
        self.timeout = _FIRST_TIMEOUT


class DataStream:
    """The stream of one side of a channel. Frames to send are added to ``outbox``."""

    def __init__(self, sends: MessageType, ids: Ids) -> None:
        """``sends``: INPUT for the client, OUTPUT for the command's side."""
        self.outbox: deque[bytes] = deque()
        self._sends = sends
        self._receives = MessageType.OUTPUT if sends is MessageType.INPUT else MessageType.INPUT
        self._ids = ids
        self._next = 0
        self._expected = 0
        self._paused = False
        self._unacknowledged: dict[int, UnacknowledgedFrame] = {}
        self._buffered: dict[int, ChannelMessage] = {}

    @property
    def can_send(self) -> bool:
        """Whether the peer accepts another frame now."""
        return len(self._unacknowledged) < WINDOW and not self._paused

    @property
    def all_acknowledged(self) -> bool:
        """Whether every frame that was sent is acknowledged."""
        return not self._unacknowledged

    def send(self, payload_type: PayloadType, payload: bytes, now: Instant) -> None:
        """Send the next message of the stream."""
        message = ChannelMessage(self._sends, self._ids.uuid(), _milliseconds(now), payload, payload_type, self._next)
        frame = pack(message)
        self._unacknowledged[self._next] = UnacknowledgedFrame(frame, now)
        self._next += 1
        self.outbox.append(frame)

    def send_control(self, kind: MessageType, payload: bytes, now: Instant) -> None:
        """Send a control frame, which is no part of the stream."""
        self.outbox.append(
            pack(ChannelMessage(kind, self._ids.uuid(), _milliseconds(now), payload, flags=_SINGLE_MESSAGE))
        )

    def receive(self, frame: bytes, now: Instant) -> ChannelMessage | None:
        """Process a frame; ``next_message`` then returns the stream's messages. Returns the message of a frame that
        closes the channel, else None.

        Raises BadFrame.
        """
        message = unpack(frame)
        match message.kind:
            case MessageType.ACKNOWLEDGE:
                self._unacknowledged.pop(read(Acknowledgement, message.payload).sequence, None)
            case MessageType.PAUSE:
                self._paused = True
            case MessageType.START:
                self._paused = False
            case MessageType.CHANNEL_CLOSED:
                return message
            case self._receives:
                self._buffer(message, now)
            case _:
                raise BadFrame("a frame goes the wrong way")
        return None

    def next_message(self, now: Instant) -> ChannelMessage | None:
        """Take and acknowledge the next message of the stream; None while it has not arrived."""
        message = self._buffered.pop(self._expected, None)
        if message is not None:
            self._expected += 1
            self._acknowledge(message, now)
        return message

    def retransmit(self, now: Instant) -> None:
        """Send the oldest unacknowledged frame again, if its timeout is over."""
        if not self._unacknowledged or self._paused:
            return
        oldest = self._unacknowledged[min(self._unacknowledged)]
        if now - oldest.sent_at >= oldest.timeout:
            oldest.sent_at = now
            oldest.timeout = min(2 * oldest.timeout, _LONGEST_TIMEOUT)
            self.outbox.append(oldest.frame)

    def _buffer(self, message: ChannelMessage, now: Instant) -> None:
        """Buffer a message. One that was taken before is acknowledged again, because that may have been lost."""
        if message.sequence < self._expected:
            self._acknowledge(message, now)
        elif len(self._buffered) < MAX_BUFFERED or message.sequence == self._expected:
            self._buffered.setdefault(message.sequence, message)

    def _acknowledge(self, message: ChannelMessage, now: Instant) -> None:
        self.send_control(
            MessageType.ACKNOWLEDGE, write(Acknowledgement(message.kind, message.id, message.sequence)), now
        )


def _milliseconds(now: Instant) -> int:
    return int(now * 1000)
