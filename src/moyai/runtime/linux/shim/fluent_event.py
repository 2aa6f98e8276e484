"""One event of the Fluentd forward protocol, as Docker's log driver ``fluentd`` sends it: a MessagePack array of the
tag, the time, the record and no options.

Written out here because a MessagePack library would be the largest part of a monitor; tests decode it with one.
Source: https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1 (Message Mode, EventTime),
https://github.com/msgpack/msgpack/blob/master/spec.md, https://github.com/moby/moby (daemon/logger/fluentd)
"""

from __future__ import annotations

_NANOSECONDS = 1_000_000_000
_EVENT_TIME = b"\xd7\x00"
"""An extension of type 0 and of 8 bytes."""
_LONGEST_FIXSTR, _LONGEST_STR_8 = 31, 255
_NO_OPTIONS = b"\x80"


def event(tag: bytes, at: int, record: list[tuple[bytes, bytes]]) -> bytes:
    """The event. ``at``: nanoseconds since the epoch; ``record``: at most 15 fields with their values."""
    seconds, nanoseconds = divmod(at, _NANOSECONDS)
    time = _EVENT_TIME + seconds.to_bytes(4, "big") + nanoseconds.to_bytes(4, "big")
    fields = b"".join(_string(name) + _string(value) for name, value in record)
    return b"\x94" + _string(tag) + time + bytes((0x80 | len(record),)) + fields + _NO_OPTIONS


def _string(text: bytes) -> bytes:
    """A string of at most 64 KiB. Like Docker, it passes on bytes that are no UTF-8."""
    size = len(text)
    if size <= _LONGEST_FIXSTR:
        return bytes((0xA0 | size,)) + text
    if size <= _LONGEST_STR_8:
        return bytes((0xD9, size)) + text
    return b"\xda" + size.to_bytes(2, "big") + text
