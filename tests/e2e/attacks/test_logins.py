"""Attacks of a client without a valid secret on those who have one, at a console that others can reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.e2e.attacks.test_events import burst
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

GUESSES = 30
MOST_OF_ONE = 20
"""Listeners of one login."""


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that needs keys."""
    installation = Installation(tmp_path_factory.mktemp("reachable"), "--listen", "0.0.0.0", "--runtime", "sim")  # noqa: S104 - what is tested
    make_key(installation)
    installation.up()
    yield installation
    assert installation.leave() == []


def make_key(installation: Installation) -> dict[str, str]:
    document = json.loads(installation.moyai("keys", "create", "--json", "--state", str(installation.state)))
    return {"accessKeyId": document["AccessKeyId"], "secretAccessKey": document["SecretAccessKey"]}


def sign_in(at: Installation, key: dict[str, str], address: str = "127.0.0.1") -> HTTPResponse:
    """The head of the answer to a login from this address."""
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60, source_address=(address, 0))) as connection:
        connection.request("POST", "/console/session", json.dumps(key))
        return connection.getresponse()


@pytest.mark.parametrize("guesser", ["127.0.2.9", "127.0.0.1"], ids=["elsewhere", "behind the same proxy"])
def test_failed_logins_do_not_lock_out_the_owner_of_a_key(reachable, guesser):
    key = make_key(reachable)
    guess = key | {"secretAccessKey": "guess"}
    assert {sign_in(reachable, guess, guesser).status for _ in range(GUESSES)} == {401}
    assert sign_in(reachable, key).status == 200


def test_listeners_of_one_login_that_come_at_once_are_no_more_than_may_listen(reachable):
    cookie = (sign_in(reachable, make_key(reachable)).getheader("set-cookie") or "").partition(";")[0]
    request = f"GET /console/events HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n".encode()
    with ExitStack() as stack:
        assert burst(reachable, MOST_OF_ONE + 30, stack, request) == {200: MOST_OF_ONE, 429: 30}
