"""A log router without a router's outputs: it receives the Fluentd forward protocol and prints each record as JSON.

usage: python3 router.py CONFIGURATION

The configuration is Fluent Bit's, of which it uses the inputs ``forward``, and the fields that ``record_modifier``
adds. It needs nothing but the standard library, so that it runs in any image.
Source: https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

GRACE = 30
"""Seconds that a router takes for what is on its way to it, after SIGTERM."""
_LENGTHS = {0xD9: "B", 0xDA: ">H", 0xDB: ">I", 0xC4: "B", 0xC5: ">H", 0xC6: ">I"}
_NUMBERS = {0xCC: "B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: "b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q", 0xCB: ">d"}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


class Incomplete(Exception):
    """The value goes on beyond the data."""


class MessagePack:
    """Reads values from the start of the data. Strings are bytes, an EventTime is a float."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def value(self) -> Any:  # noqa: PLR0911 - a case for each kind of type
        """The next value. Raises Incomplete, and ValueError for a type that the protocol does not have."""
        kind = self._take(1)[0]
        if kind < 0x80 or kind >= 0xE0:
            return kind if kind < 0x80 else kind - 0x100
        if kind < 0x90 or kind in {0xDE, 0xDF}:
            return self._map(kind)
        if kind < 0xA0 or kind in {0xDC, 0xDD}:
            return self._array(kind)
        if kind < 0xC0:
            return self._take(kind & 0x1F)
        if kind in _LENGTHS:
            return self._take(self._number(_LENGTHS[kind]))
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == 0xD7 and self._take(1) == b"\0":
            seconds, nanoseconds = struct.unpack(">II", self._take(8))
            return seconds + nanoseconds / 1e9
        raise ValueError(f"MessagePack type {kind:#x}")

    def _map(self, kind: int) -> dict[Any, Any]:
        count = kind & 0x0F if kind < 0x90 else self._number(">H" if kind == 0xDE else ">I")
        return {self.value(): self.value() for _ in range(count)}

    def _array(self, kind: int) -> list[Any]:
        count = kind & 0x0F if kind < 0xA0 else self._number(">H" if kind == 0xDC else ">I")
        return [self.value() for _ in range(count)]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _take(self, size: int) -> bytes:
        part = self._data[self.position : self.position + size]
        if len(part) < size:
            raise Incomplete
        self.position += size
        return part


def messages(data: bytes) -> tuple[list[Any], bytes]:
    """The complete messages at the start of the data, and the rest."""
    reader, events, end = MessagePack(data), [], 0
    while end < len(data):
        try:
            events.append(reader.value())
        except Incomplete:
            break
        end = reader.position
    return events, data[end:]


def events(message: list[Any]) -> Iterator[tuple[str, float, dict[str, str]]]:
    """The events of a message in any of the protocol's modes: tag, time, record."""
    tag, entries = message[0].decode(), message[1]
    if isinstance(entries, bytes):
        entries = messages(entries)[0]
    if not isinstance(entries, list):
        entries = [message[1:3]]
    for time, record in entries:
        yield tag, time, {name.decode(): value.decode("utf-8", "replace") for name, value in record.items()}


def sections(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The sections of a configuration in Fluent Bit's classic format."""
    for part in text.split("[")[1:]:
        head, _, body = part.partition("]\n")
        lines = (line.split(None, 1) for line in body.splitlines() if line.startswith("    "))
        yield head, [(name, value) for name, value in lines]


def receive(connection: socket.socket, handle: Callable[[list[Any]], None]) -> None:
    rest = b""
    while chunk := connection.recv(65536):
        received, rest = messages(rest + chunk)
        for message in received:
            handle(message)
            if len(message) > 2 and isinstance(message[-1], dict) and b"chunk" in message[-1]:
                connection.sendall(
                    b"\x81\xa3ack" + b"\xd9" + bytes([len(message[-1][b"chunk"])]) + message[-1][b"chunk"]
                )


def serve(listener: socket.socket, handle: Callable[[list[Any]], None], receivers: list[threading.Thread]) -> None:
    while True:
        connection, _ = listener.accept()
        receivers.append(threading.Thread(target=receive, args=(connection, handle), daemon=True))
        receivers[-1].start()


def write_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(path: str) -> None:
    added: dict[str, str] = {}
    listeners = []
    for head, entries in sections(Path(path).read_text()):
        options = dict(entries)
        if head == "FILTER" and options["Name"] == "record_modifier":
            added |= dict(value.split(None, 1) for name, value in entries if name == "Record")
        if head == "INPUT" and options["Name"] == "forward" and "unix_path" in options:
            Path(options["unix_path"]).unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(options["unix_path"])
            listeners.append(listener)
        elif head == "INPUT" and options["Name"] == "forward":
            listeners.append(socket.create_server((options["Listen"], int(options["Port"]))))

    def handle(message: list[Any]) -> None:
        for tag, time, record in events(message):
            write_line(json.dumps({"tag": tag, "time": time, **record, **added}))

    receivers: list[threading.Thread] = []
    for listener in listeners:
        listener.listen()
        threading.Thread(target=serve, args=(listener, handle, receivers), daemon=True).start()
    write_line(f"router of user {os.getuid()}")
    signal.sigwait({signal.SIGTERM})
    for receiver in receivers:
        receiver.join(GRACE)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(sys.argv[1])
