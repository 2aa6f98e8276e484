"""How many listen to what changes, when all of them come at once."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

MOST = 200
ASKED = b"GET /console/events HTTP/1.1\r\nhost: localhost\r\n\r\n"


def burst(at: Installation, count: int, stack: ExitStack, request: bytes = ASKED) -> Counter[int]:
    """The statuses that so many get who ask at once and go on listening until the stack is closed."""
    sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", at.port), 60)) for _ in range(count)]
    for each_socket in sockets:
        each_socket.sendall(request)
    heads = [stack.enter_context(first_socket.makefile("rb")).readline() for first_socket in sockets]
    return Counter(int(head.split()[1]) for head in heads)


def all_places_are_free(at: Installation) -> bool:
    with ExitStack() as stack:
        return burst(at, MOST, stack) == {200: MOST}


def test_listeners_that_come_at_once_are_no_more_than_may_listen(simulation):
    with ExitStack() as stack:
        assert burst(simulation, MOST + 100, stack) == {200: MOST, 503: 100}
    eventually(lambda: all_places_are_free(simulation), "those who left have made room")


def test_listeners_that_leave_before_they_are_answered_leave_their_places(simulation):
    for _ in range(MOST + 100):
        with socket.create_connection(("127.0.0.1", simulation.port), 60) as client:
            client.sendall(ASKED)
    eventually(lambda: all_places_are_free(simulation), "those who left have made room")
