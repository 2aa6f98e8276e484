"""A client of the data channel as Session Manager's plugin is one, written from its behaviour and not from ours.

It keeps what comes out of order, drops what comes before its screen is ready without a word, acknowledges the rest, and
sends the oldest unacknowledged frame again.
"""

from __future__ import annotations

import hashlib
import json
import struct
import uuid

HEADER = 116


def frame(kind: str, payload: bytes, payload_type: int = 0, sequence: int = 0, flags: int = 0) -> bytes:
    """A frame, put together as putString, putUuid and the others do."""
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{sequence}").bytes
    return b"".join(
        (
            struct.pack(">I", HEADER),
            kind.encode() + b" " * (32 - len(kind)),
            struct.pack(">IQqQ", 1, 1_700_000_000_000, sequence, flags),
            identity[8:16] + identity[0:8],
            hashlib.sha256(payload).digest(),
            struct.pack(">II", payload_type, len(payload)),
            payload,
        )
    )


class Plugin:
    """One session's client. Frames to send collect in ``outbox``."""

    def __init__(self, token: str, **own: object) -> None:
        self.opening = json.dumps({
            "MessageSchemaVersion": "1.0", "RequestId": str(uuid.UUID(int=1)), "TokenValue": token,
            "ClientId": str(uuid.UUID(int=2)), "ClientVersion": "1.2.0.0", **own,
        })  # fmt: skip
        self.outbox: list[bytes] = []
        self.output = b""
        self.errors = b""
        self.code: int | None = None
        self.closed: dict[str, object] | None = None
        self.ready = False
        self.deaf = 0
        """So many frames of output come before the screen is ready."""
        self._next = 0
        self._expected = 0
        self._early: dict[int, bytes] = {}
        self._unheard: dict[int, bytes] = {}

    def type(self, data: bytes, payload_type: int = 1) -> None:
        """Send input: keys, or what another payload type says."""
        sent_frame = frame("input_stream_data", data, payload_type, self._next)
        self._unheard[self._next] = sent_frame
        self._next += 1
        self.outbox.append(sent_frame)

    def resize(self, rows: int, columns: int) -> None:
        """Tell the size of the screen."""
        self.type(json.dumps({"cols": columns, "rows": rows}).encode(), 3)

    def again(self) -> None:
        """Send the oldest frame again."""
        if self._unheard:
            self.outbox.append(self._unheard[min(self._unheard)])

    def receive_frame(self, raw: bytes) -> None:
        """Take a frame."""
        length, kind = struct.unpack(">I", raw[:4])[0], raw[4:36].decode().strip(" \0")
        payload = raw[length + 4 :]
        assert hashlib.sha256(payload).digest() == raw[80:112]
        if kind == "acknowledge":
            self._unheard.pop(json.loads(payload)["AcknowledgedMessageSequenceNumber"], None)
        elif kind == "channel_closed":
            self.closed = json.loads(payload)
        elif kind == "output_stream_data":
            self._in_order(raw)

    def _in_order(self, raw: bytes) -> None:
        number = struct.unpack(">q", raw[48:56])[0]
        if number < self._expected:
            return
        if number > self._expected:
            self._acknowledge(raw, number)
            self._early[number] = raw
            return
        payload_type, payload = struct.unpack(">I", raw[112:116])[0], raw[HEADER + 4 :]
        if payload_type in {1, 11} and self.deaf:
            self.deaf -= 1
            return
        self._acknowledge(raw, number)
        while True:
            self._act(payload_type, payload)
            self._expected += 1
            following = self._early.pop(self._expected, None)
            if following is None:
                return
            payload_type, payload = struct.unpack(">I", following[112:116])[0], following[HEADER + 4 :]

    def _act(self, payload_type: int, payload: bytes) -> None:
        if payload_type == 5:
            actions = json.loads(payload)["RequestedClientActions"]
            success = {"ActionStatus": 1, "ActionResult": None, "Error": ""}
            done = [{"ActionType": action["ActionType"], **success} for action in actions]
            answer = {"ClientVersion": "1.2.0.0", "ProcessedClientActions": done, "Errors": None}
            self.type(json.dumps(answer).encode(), 6)
        elif payload_type == 7:
            self.ready = True
        elif payload_type == 1:
            self.output += payload
        elif payload_type == 11:
            self.errors += payload
        elif payload_type == 12:
            self.code = int(payload)

    def _acknowledge(self, raw: bytes, number: int) -> None:
        high, low = raw[72:80], raw[64:72]
        acknowledged = {
            "AcknowledgedMessageType": "output_stream_data",
            "AcknowledgedMessageId": str(uuid.UUID(bytes=high + low)),
            "AcknowledgedMessageSequenceNumber": number,
            "IsSequentialMessage": True,
        }
        self.outbox.append(frame("acknowledge", json.dumps(acknowledged).encode(), flags=3))
