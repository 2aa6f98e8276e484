"""Order out of frames: numbers, acknowledgements, sending again. No I/O and no clock.

Promise: what one side says the other hears once and in order, whatever of it is lost, late or sent twice. A frame that
is not acknowledged in time is sent again, the oldest first; those that come early wait, up to a number. What is not
taken is not acknowledged, so that nobody sends much more than is taken.
Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/datachannel/streaming.go
"""

from __future__ import annotations

from collections import deque

from moyai.api.channel.message import BadFrame, Kind, Message, PayloadType, pack, unpack
from moyai.api.channel.payloads import Acknowledgement, read, write
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids

WINDOW = 64
"""Frames that may be on their way, unacknowledged."""
MOST_WAITING = 256
"""Frames that wait to be taken, or for one before them. What comes beyond is left to come again."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 1.0
_WHOLE = 3
"""SYN and FIN: a stream of one message."""


class Sent:
    """A frame on its way."""

    def __init__(self, frame: bytes, now: Instant) -> None:
        self.frame = frame
        self.at = now
        self.wait = _FIRST_WAIT


class DataStream:
    """One side of a channel. Frames to send collect in ``outbox``."""

    def __init__(self, sends: Kind, ids: Ids) -> None:
        """``sends``: INPUT for a client, OUTPUT for the side of the command."""
        self.outbox: deque[bytes] = deque()
        self._sends = sends
        self._hears = Kind.OUTPUT if sends is Kind.INPUT else Kind.INPUT
        self._ids = ids
        self._next = 0
        self._expected = 0
        self._paused = False
        self._on_the_way: dict[int, Sent] = {}
        self._waiting: dict[int, Message] = {}

    @property
    def has_room(self) -> bool:
        """Whether there may be another frame on its way."""
        return len(self._on_the_way) < WINDOW and not self._paused

    @property
    def all_heard(self) -> bool:
        """Whether everything that was said is acknowledged."""
        return not self._on_the_way

    def say(self, payload_type: PayloadType, payload: bytes, now: Instant) -> None:
        """Send the next frame of the stream."""
        message = Message(self._sends, self._ids.uuid(), _milliseconds(now), payload, payload_type, self._next)
        frame = pack(message)
        self._on_the_way[self._next] = Sent(frame, now)
        self._next += 1
        self.outbox.append(frame)

    def tell(self, kind: Kind, payload: bytes, now: Instant) -> None:
        """Send a frame that is no part of the stream."""
        self.outbox.append(pack(Message(kind, self._ids.uuid(), _milliseconds(now), payload, flags=_WHOLE)))

    def hear(self, frame: bytes, now: Instant) -> Message | None:
        """Take in a frame: what it says in the stream is for ``take``. The message, when the channel is closed by it.

        Raises BadFrame.
        """
        message = unpack(frame)
        match message.kind:
            case Kind.ACKNOWLEDGE:
                self._on_the_way.pop(read(Acknowledgement, message.payload).sequence, None)
            case Kind.PAUSE:
                self._paused = True
            case Kind.START:
                self._paused = False
            case Kind.CHANNEL_CLOSED:
                return message
            case self._hears:
                self._keep(message, now)
            case _:
                raise BadFrame("a frame goes the wrong way")
        return None

    def take(self, now: Instant) -> Message | None:
        """What was said next, if it is here; by this it is acknowledged."""
        message = self._waiting.pop(self._expected, None)
        if message is not None:
            self._expected += 1
            self._acknowledge(message, now)
        return message

    def again(self, now: Instant) -> None:
        """Send the oldest frame again when it has waited too long for its acknowledgement."""
        if not self._on_the_way or self._paused:
            return
        oldest = self._on_the_way[min(self._on_the_way)]
        if now - oldest.at >= oldest.wait:
            oldest.at = now
            oldest.wait = min(2 * oldest.wait, _LONGEST_WAIT)
            self.outbox.append(oldest.frame)

    def _keep(self, message: Message, now: Instant) -> None:
        """Keep it until it is taken. One that was taken is acknowledged again: the first time may be lost."""
        if message.sequence < self._expected:
            self._acknowledge(message, now)
        elif len(self._waiting) < MOST_WAITING or message.sequence == self._expected:
            self._waiting.setdefault(message.sequence, message)

    def _acknowledge(self, message: Message, now: Instant) -> None:
        self.tell(Kind.ACKNOWLEDGE, write(Acknowledgement(message.kind, message.id, message.sequence)), now)


def _milliseconds(now: Instant) -> int:
    return int(now * 1000)
