"""A task's hosts file, changed under those who read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import HostName
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


def test_a_name_that_comes_is_a_line_at_the_end_of_the_same_file(hosts):
    with hosts.open() as reader:
        update_hosts(hosts, (DB,), (DB, WEB))
        assert reader.read() == OWN + "127.255.0.1 db\n127.255.0.2 web\n"


def test_a_name_that_goes_leaves_every_other_byte_where_it_was(hosts):
    update_hosts(hosts, (DB,), (DB, WEB))
    before = hosts.read_bytes()
    update_hosts(hosts, (DB, WEB), (WEB,))
    assert hosts.read_bytes() == before.replace(b"127.255.0.1 db", b"#27.255.0.1 db")


def test_one_that_was_cut_short_is_done_again_without_a_trace(hosts):
    update_hosts(hosts, (DB,), (WEB, CART))
    once = hosts.read_bytes()
    update_hosts(hosts, (DB,), (WEB, CART))
    assert hosts.read_bytes() == once


def test_a_name_that_comes_back_is_found_again(hosts):
    update_hosts(hosts, (DB,), ())
    update_hosts(hosts, (), (DB,))
    assert active(hosts) == ["127.0.0.1 localhost", "127.255.0.1 db"]


def test_what_a_container_wrote_stays_even_without_a_last_line_end(hosts):
    with hosts.open("a") as file:
        file.write("10.0.0.1 mine")
    update_hosts(hosts, (DB,), (WEB,))
    assert active(hosts) == ["127.0.0.1 localhost", "10.0.0.1 mine", "127.255.0.2 web"]
