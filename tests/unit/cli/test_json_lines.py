"""The lines of an answer that is not whole."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from moyai.cli.errors import Unreachable
from moyai.cli.json_lines import json_lines

URL = "http://localhost:4566"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@contextmanager
def answer(content: bytes, *, ends: bool = True) -> Iterator[HTTPResponse]:
    """An answer with this content. It stops where it does not end."""
    server, client = socket.socketpair()
    with server, client:
        server.sendall(HEAD + content)
        if ends:
            server.shutdown(socket.SHUT_WR)
        client.settimeout(None if ends else 0.01)
        response = HTTPResponse(client)
        response.begin()
        with response:
            yield response


def test_an_answer_that_ends_after_a_line_is_whole():
    with answer(b'{"a": 1}\n{"b": 2}\n') as response:
        assert list(json_lines(response, URL)) == [{"a": 1}, {"b": 2}]


def test_an_answer_that_ends_in_a_line_is_an_error():
    with answer(b'{"a": 1}\n{"b"') as response:
        lines = json_lines(response, URL)
        assert next(lines) == {"a": 1}
        with pytest.raises(Unreachable, match="has ended its answer too early"):
            next(lines)


def test_an_answer_that_stops_is_an_error_of_its_own():
    with answer(b'{"a": 1}\n', ends=False) as response:
        lines = json_lines(response, URL)
        assert next(lines) == {"a": 1}
        with pytest.raises(Unreachable, match="has stopped in the middle of its answer; see `moyai status`"):
            next(lines)
