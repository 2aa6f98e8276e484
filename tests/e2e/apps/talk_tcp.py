"""Conversations over plain TCP with the application ``tcp``, from inside a task."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tests.e2e.apps.tcp import PIECE, read_message

PATIENCE = 60


@contextmanager
def session(host: str, port: int) -> Iterator[tuple[socket.socket, IO[bytes], str]]:
    """A connection, its stream and the greeting, which the application says unasked."""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection, connection.makefile("rb") as stream:
        yield connection, stream, stream.readline().decode().strip()


def half_closed_by_caller(host: str, port: int, size: int) -> dict[str, object]:
    """So many bytes, then the end of this side; the application answers after that."""
    digest = hashlib.sha256()
    with session(host, port) as (connection, stream, greeting):
        connection.sendall(b"digest\n")
        for start in range(0, size, len(PIECE)):
            piece = PIECE[: size - start]
            digest.update(piece)
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return {"greeting": greeting, "answer": stream.read().decode().split(), "sha256": digest.hexdigest()}


def half_closed_by_application(host: str, port: int, words: str) -> dict[str, object]:
    """The application ends its side first; these words are said after that. What it heard is asked anew."""
    with session(host, port) as (connection, stream, _):
        connection.sendall(b"farewell\n")
        farewell = stream.read().decode().strip()  # to the end of its side
        connection.sendall(words.encode())
    return {"farewell": farewell}


def overheard(host: str, port: int) -> dict[str, object]:
    """The bytes that the application received after it had closed its direction."""
    with session(host, port) as (connection, stream, _):
        connection.sendall(b"overheard\n")
        return {"text": stream.read().decode()}


def fill(host: str, port: int, size: int) -> dict[str, object]:
    """How many bytes came, and whether they were right."""
    with session(host, port) as (connection, stream, _):
        connection.sendall(f"fill {size}\n".encode())
        count, right = 0, True
        while piece := stream.read(len(PIECE)):
            count += len(piece)
            right = right and piece == PIECE[: len(piece)]
    return {"bytes": count, "right": right}


def queries(host: str, port: int, texts: list[str], pause: float = 0) -> dict[str, object]:
    """Questions one after the other on one connection, with silence between them; the rows of each."""
    answers = []
    with session(host, port) as (connection, stream, _):
        connection.sendall(b"query\n")
        for text in texts:
            connection.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text.encode())
            rows = []
            while (message := read_message(stream))[0] == b"D":
                rows.append(message[1].decode())
            answers.append({"rows": rows, "ready": message == (b"Z", b"I")})
            if text != texts[-1]:
                threading.Event().wait(pause)
        connection.sendall(b"X" + struct.pack("!i", 4))
    return {"answers": answers}


def read_until_closed(host: str, port: int) -> dict[str, object]:
    """Says nothing, and waits until the other side ends the connection."""
    with session(host, port) as (_, stream, greeting):
        return {"greeted": greeting.startswith("220 "), "rest": stream.read().decode()}
