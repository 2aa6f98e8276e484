from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from moyai.app.adapters.access_keys import MAX_KEYS, AccessKeys, IssuedKey, KeyRefused
from moyai.kernel.clock import Instant
from moyai.ports.store import StoreFault

NOW = Instant(1000.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "keys.json"


@pytest.fixture
def keys(path):
    return AccessKeys(path)


def test_an_access_key_has_the_form_of_aws(keys):
    access_key, secret = keys.create(NOW)
    assert re.fullmatch("AKIA[A-Z2-7]{16}", access_key)
    assert re.fullmatch("[A-Za-z0-9/+]{40}", secret)


def test_a_secret_can_be_looked_up_but_is_not_listed(keys, path):
    access_key, secret = keys.create(NOW)
    other = AccessKeys(path)
    assert other.secret(access_key) == secret
    assert other.list() == (IssuedKey(access_key, NOW),)
    assert secret not in repr(other.list())


def test_a_missing_file_has_no_keys(keys):
    assert keys.list() == ()
    assert keys.secret("AKIA") is None


def test_keys_are_listed_oldest_first(keys):
    made = [keys.create(Instant(float(at)))[0] for at in (3, 1, 2)]
    assert [key.access_key for key in keys.list()] == made


def test_a_revoked_key_is_unknown_to_open_instances_at_once(keys, path):
    access_key, secret = keys.create(NOW)
    active, _ = keys.create(NOW)
    assert keys.secret(access_key) == secret
    AccessKeys(path).revoke(access_key)
    assert keys.secret(access_key) is None
    assert [key.access_key for key in keys.list()] == [active]
    assert secret not in path.read_text()


def test_an_unknown_key_cannot_be_revoked(keys):
    with pytest.raises(KeyRefused, match="no access key 'AKIA'"):
        keys.revoke("AKIA")


def test_the_file_is_private(keys, path):
    keys.create(NOW)
    keys.create(NOW)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_readable_by_others_is_refused(keys, path):
    access_key, _ = keys.create(NOW)
    path.chmod(0o640)
    with pytest.raises(StoreFault, match="chmod"):
        keys.secret(access_key)
    path.chmod(0o600)
    assert keys.secret(access_key)


@pytest.mark.parametrize("content", ["", "[]", '{"AKIA": {"secret": 1}}', "\xff", '{"AKI\xff": 1}'])
def test_a_damaged_file_is_refused_without_its_content(keys, path, content):
    keys.create(NOW)
    path.write_text(content, encoding="latin-1")
    with pytest.raises(StoreFault, match="damaged") as exc_info:
        keys.list()
    assert str(path) in str(exc_info.value)


def test_an_incomplete_file_of_a_crash_is_ignored(keys, path):
    keys.create(NOW)
    path.with_name("keys.json.new").write_text("{")
    keys.create(NOW)
    assert len(keys.list()) == 2


def test_the_number_of_keys_is_limited(keys):
    for _ in range(MAX_KEYS):
        keys.create(NOW)
    with pytest.raises(KeyRefused, match="revoke one first"):
        keys.create(NOW)


def test_concurrent_commands_lose_no_key(path):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: AccessKeys(path).create(NOW)[0], range(20)))
    assert {key.access_key for key in AccessKeys(path).list()} == set(made)
