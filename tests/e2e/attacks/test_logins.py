"""Attacks of a client without a valid secret on those who have one, at a console that others can reach."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.e2e.attacks.test_events import burst
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

GUESSES = 30
MOST_OF_ONE = 20
"""Listeners of one login."""


def sign_in(at: Installation, key: tuple[str, str], address: str = "127.0.0.1") -> HTTPResponse:
    """The head of the answer to a login from this address."""
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60, source_address=(address, 0))) as connection:
        body = json.dumps({"accessKeyId": key[0], "secretAccessKey": key[1]})
        connection.request("POST", "/console/session", body)
        return connection.getresponse()


@pytest.mark.parametrize("guesser", ["127.0.2.9", "127.0.0.1"], ids=["elsewhere", "behind the same proxy"])
def test_failed_logins_do_not_lock_out_the_owner_of_a_key(keyed_installation, guesser):
    key = keyed_installation.make_key()
    guess = (key[0], "guess")
    assert {sign_in(keyed_installation, guess, guesser).status for _ in range(GUESSES)} == {401}
    assert sign_in(keyed_installation, key).status == 200


def test_listeners_of_one_login_that_come_at_once_are_no_more_than_may_listen(keyed_installation):
    login = sign_in(keyed_installation, keyed_installation.make_key())
    cookie = (login.getheader("set-cookie") or "").partition(";")[0]
    request = f"GET /console/events HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n".encode()
    with ExitStack() as stack:
        assert burst(keyed_installation, MOST_OF_ONE + 30, stack, request) == {200: MOST_OF_ONE, 429: 30}
