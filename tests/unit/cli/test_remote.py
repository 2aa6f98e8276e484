"""The client of a running server, when the server ends in the middle of an answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from moyai.cli.errors import Unreachable
from moyai.cli.remote import Remote

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
LINE = b'9\r\n{"at": 1}\r\n1\r\n\n\r\n'


@pytest.fixture(params=[b"", b"9", b'9\r\n{"at"'], ids=["between two lines", "in a size", "in a line"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that sends one line and ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(HEAD + LINE + request.param)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_an_answer_that_ends_in_the_middle_is_an_error_of_one_line(url):
    lines = Remote(url, "us-east-1", own_credentials=True).lines("logs", endless=True)
    assert next(lines) == {"at": 1}
    with pytest.raises(Unreachable, match="has ended its answer too early"):
        next(lines)
