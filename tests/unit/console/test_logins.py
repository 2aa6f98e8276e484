"""Logins: by which key, for how long, and how often a client may try."""

from __future__ import annotations

import pytest

from moyai.console.logins import LIFETIME, MAX_LOGINS, Logins
from moyai.testing.ids import SeededIds
from tests.unit.api.world import Keys

KEY, SECRET = "AKIAEXAMPLE", "s3cret"


@pytest.fixture
def keys():
    return Keys({KEY: SECRET, "AKIAOTHER": "other"})


@pytest.fixture
def logins(keys, clock):
    return Logins(keys, clock, SeededIds())


def begin(logins, key=KEY, secret=SECRET):
    return logins.begin(key, secret)


def test_the_right_secret_begins_a_login(logins):
    token, login = begin(logins)
    assert logins.find(token) == login
    assert login.access_key == KEY
    assert login.csrf not in {"", token}


@pytest.mark.parametrize(
    ("key", "secret"), [(KEY, "wrong"), (KEY, ""), ("AKIANOBODY", ""), ("AKIANOBODY", SECRET), ("", "")]
)
def test_wrong_keys_and_secrets_begin_no_login(logins, key, secret):
    assert begin(logins, key, secret) is None


def test_tokens_and_secrets_are_not_stored(logins):
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


def test_failed_logins_do_not_lock_out_the_right_secret(logins):
    assert {begin(logins, secret=f"guess {number}") for number in range(1000)} == {None}
    assert begin(logins)


def test_the_logins_of_a_key_are_limited_independently(logins):
    other, _ = begin(logins, "AKIAOTHER", "other")
    tokens = [begin(logins)[0] for _ in range(MAX_LOGINS + 1)]
    assert logins.find(tokens[0]) is None
    assert logins.find(tokens[1]) is not None
    assert logins.find(other) is not None
