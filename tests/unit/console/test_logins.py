"""Who is signed in: by which key, for how long, and how often one may try."""

from __future__ import annotations

import pytest

from moyai.console.logins import LIFETIME, MOST_FAILURES, MOST_LOGINS, Logins, TooManyAttempts
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from tests.unit.api.world import Keys

KEY, SECRET = "AKIAEXAMPLE", "s3cret"


@pytest.fixture
def keys():
    return Keys({KEY: SECRET, "AKIAOTHER": "other"})


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def logins(keys, clock):
    return Logins(keys, clock, SeededIds())


def begin(logins, key=KEY, secret=SECRET, client="10.0.0.1"):
    return logins.begin(key, secret, client)


def test_the_right_secret_begins_a_login(logins):
    token, login = begin(logins)
    assert logins.find(token) == login
    assert login.access_key == KEY
    assert login.csrf not in {"", token}


@pytest.mark.parametrize(
    ("key", "secret"), [(KEY, "wrong"), (KEY, ""), ("AKIANOBODY", ""), ("AKIANOBODY", SECRET), ("", "")]
)
def test_nothing_else_does(logins, key, secret):
    assert begin(logins, key, secret) is None


def test_no_token_is_kept(logins):
    token, _ = begin(logins)
    assert token not in repr(vars(logins))
    assert SECRET not in repr({name: value for name, value in vars(logins).items() if name != "_keys"})


def test_a_login_ends_with_its_time(logins, clock):
    token, _ = begin(logins)
    clock.turn_to(clock.now() + LIFETIME - 1)
    assert logins.find(token) is not None
    clock.turn_to(clock.now() + 1)
    assert logins.find(token) is None


def test_a_login_ends_with_its_key(logins, keys):
    token, _ = begin(logins)
    del keys[KEY]
    assert logins.find(token) is None
    keys[KEY] = SECRET
    assert logins.find(token) is None


def test_a_login_ends_when_it_is_signed_out(logins):
    token, _ = begin(logins)
    logins.end(token)
    assert logins.find(token) is None


def test_who_fails_too_often_waits_a_minute(logins, clock):
    for _ in range(MOST_FAILURES):
        assert begin(logins, secret="wrong") is None
    with pytest.raises(TooManyAttempts):
        begin(logins)
    with pytest.raises(TooManyAttempts):
        begin(logins, "AKIAOTHER", "other")  # the address has failed
    with pytest.raises(TooManyAttempts):
        begin(logins, client="10.0.0.2")  # the key has been tried
    assert begin(logins, "AKIAOTHER", "other", "10.0.0.2")
    clock.turn_to(clock.now() + 61)
    assert begin(logins)


def test_logins_and_failures_are_bounded(logins):
    tokens = [begin(logins)[0] for _ in range(MOST_LOGINS + 1)]
    assert logins.find(tokens[0]) is None
    assert logins.find(tokens[1]) is not None
    for number in range(5000):
        begin(logins, f"AKIA{number}", "wrong", f"address {number}")
    assert len(logins._failures) <= 4096
