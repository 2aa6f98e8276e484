"""Which user and groups the text ``user[:group]`` means, by the tables of an image."""

from __future__ import annotations

from errno import EACCES, ENOENT

import pytest

from moyai.runtime.linux.shim import identity, safe_paths
from moyai.runtime.linux.shim.identity import Account, account

PASSWD = """root:x:0:0:root:/root:/bin/sh
 web:x:33:34:web:/srv:/bin/sh
1000:x:5:6:named as a number:/five:
short:x:7:8
broken:x:7x:8::/:
"""
GROUP = """root:x:0:
extra:x:44:other,web
2000:x:9:
# comment:x:10:web
last:x:45:web"""


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables above instead of this machine's."""
    contents = {"/etc/passwd": PASSWD.encode(), "/etc/group": GROUP.encode()}
    monkeypatch.setattr(safe_paths, "read", lambda path, _: contents[path])


def values(account: Account) -> tuple[int, list[int], str]:
    """The account's parts that a test compares; the first group is the primary one."""
    assert account.groups[0] == account.gid
    return account.uid, account.groups, account.home


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", (0, [0], "/root")),
        ("0", (0, [0], "/root")),
        ("web", (33, [34, 44, 45], "/srv")),
        ("33", (33, [34, 44, 45], "/srv")),
        ("0033", (33, [34, 44, 45], "/srv")),
        ("web:extra", (33, [44], "/srv")),
        ("web:7", (33, [7], "/srv")),
        ("web:", (33, [34, 44, 45], "/srv")),
        (":extra", (0, [44], "/root")),
        ("1000", (1000, [0], "/")),
        ("1000:2000", (1000, [2000], "/")),
        ("short", (7, [8], "")),
        ("77", (77, [0], "/")),
    ],
)
def test_a_user_is_a_name_or_a_number_with_or_without_a_group(user, expected):
    assert values(account(user)) == expected


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("none", "unable to find user none: no matching entries in passwd file"),
        ("broken", "unable to find user broken: no matching entries in passwd file"),
        ("-1", "unable to find user -1: no matching entries in passwd file"),
        ("web:none", "unable to find group none: no matching entries in group file"),
        ("70000", "user 70000: uids and gids must be in range 0-65535: 70000"),
        ("0:70000", "user 0:70000: uids and gids must be in range 0-65535: 70000"),
    ],
)
def test_an_unknown_name_and_an_id_that_is_too_large_are_named(user, message):
    with pytest.raises(LookupError) as raised:
        account(user, 65535)
    assert raised.value.args == (message,)


def test_a_limit_that_cannot_be_set_is_named_with_its_values(monkeypatch):
    monkeypatch.setattr(safe_paths, "read", lambda *_: b"1048576\n")
    with pytest.raises(OSError, match=r"error setting rlimit nofile to 5 and 2000000 .* at most 1048576"):
        identity._limit_resources(((7, 5, 2_000_000),))


def test_a_program_in_a_directory_that_the_user_cannot_enter_is_named(monkeypatch):
    faults = {"/opt/own/bin/python": EACCES, "/usr/bin/python": ENOENT, "/sbin/python": EACCES}
    monkeypatch.setattr(identity, "_fault_of", faults.__getitem__)
    with pytest.raises(OSError, match=r'exec: "python": executable file not found in \$PATH; permission denied: /opt'):
        identity.execute(("python",), {"PATH": "/opt/own/bin:/usr/bin:/sbin"})
