"""A task's hosts file is changed while containers read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.domain.sandbox.network import HostName
from moyai.runtime.linux.launch.etc_files import update_hosts

DB, WEB, CART = (HostName(f"127.255.0.{n}", name) for n, name in enumerate(("db", "web", "cart"), start=1))
OWN = "127.0.0.1 localhost\n"


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    file = tmp_path / "hosts"
    file.write_text(OWN + "127.255.0.1 db\n")
    return file


def active(hosts: Path) -> list[str]:
    return [line for line in hosts.read_text().splitlines() if not line.startswith("#")]


def test_a_new_name_is_appended_to_the_same_file(hosts):
    with hosts.open() as reader:
        update_hosts(hosts, (DB,), (DB, WEB))
        assert reader.read() == OWN + "127.255.0.1 db\n127.255.0.2 web\n"


def test_a_removed_name_changes_no_other_byte(hosts):
    update_hosts(hosts, (DB,), (DB, WEB))
    before = hosts.read_bytes()
    update_hosts(hosts, (DB, WEB), (WEB,))
    assert hosts.read_bytes() == before.replace(b"127.255.0.1 db", b"#27.255.0.1 db")


def test_an_interrupted_update_can_be_repeated(hosts):
    update_hosts(hosts, (DB,), (WEB, CART))
    once = hosts.read_bytes()
    update_hosts(hosts, (DB,), (WEB, CART))
    assert hosts.read_bytes() == once


def test_a_removed_name_can_be_added_again(hosts):
    update_hosts(hosts, (DB,), ())
    update_hosts(hosts, (), (DB,))
    assert active(hosts) == ["127.0.0.1 localhost", "127.255.0.1 db"]


def test_lines_of_a_container_stay_even_without_a_final_newline(hosts):
    with hosts.open("a") as file:
        file.write("10.0.0.1 mine")
    update_hosts(hosts, (DB,), (WEB,))
    assert active(hosts) == ["127.0.0.1 localhost", "10.0.0.1 mine", "127.255.0.2 web"]
