"""Attacks on connection tracking: one task, or two together, can't fill the table that the tasks of a VPC share."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.stack import Cluster, Probe
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FORGED = "198.18.0.0/16"
"""Addresses that no task has: RFC 2544."""
SENT = "/dev/shm/sent"


@dataclass(frozen=True)
class Member:
    """A task of the VPC, and its address there."""

    probe: Probe
    address: str

    def flood(self, packets: int, source: str, *words: str) -> None:
        """Begin to send packets from a source; ``words``: the target, and options."""
        flood = f"python3 -m tests.e2e.apps.flood {packets} {source} {' '.join(words)}"
        begun = self.probe.run("sh", "-c", f"cd /srv; rm -f {SENT}; {flood} > {SENT} 2>&1 &")
        assert begun == {"code": 0, "out": "", "err": ""}

    def finish(self) -> None:
        """Wait until all packets are sent."""
        said = eventually(lambda: self.probe.run("cat", SENT)["out"], "the packets are sent", patience=180)
        assert said == "sent\n"

    def reaches(self, other: Member) -> bool:
        """Whether a new connection succeeds."""
        line = f"import socket; socket.create_connection(('{other.address}', 8080), 5)"
        return bool(self.probe.run("python3", "-c", line)["code"] == 0)


class Router:
    """The router of the VPC, which tracks its connections."""

    def __init__(self, state: Path) -> None:
        (self._pin,) = (state / "run/netns").glob("vpc-*")

    def nft(self, rules: str) -> str:
        """The output of an nft command."""
        words = ["nsenter", f"--net={self._pin}", "nft", rules]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def conntrack(self, name: str) -> int:
        """The kernel parameter ``nf_conntrack_<name>``."""
        words = ["nsenter", f"--net={self._pin}", "cat", f"/proc/sys/net/netfilter/nf_conntrack_{name}"]
        return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@dataclass(frozen=True)
class Vpc:
    """Two attacking tasks, and two bystanders."""

    router: Router
    first: Member
    second: Member
    asking: Member
    answering: Member


@pytest.fixture(scope="module")
def vpc(make_installation) -> Vpc:
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "conntrack")
    members = {}
    for name in ("first", "second", "asking", "answering"):
        probe = cluster.probe(name, connect=False)
        (task,) = cluster.tasks(name)
        details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
        members[name] = Member(probe, details["privateIPv4Address"])
    return Vpc(Router(installation.state), **members)


def test_forged_senders_are_dropped_before_they_are_tracked(vpc):
    """A counter behind the tracking counts none of the forged packets and all of the sender's own."""
    vpc.router.nft("table ip watch { chain tracked { type filter hook prerouting priority -190 ; } ; }")
    try:
        for source in (FORGED, vpc.first.address):
            vpc.router.nft(f"add rule ip watch tracked ip saddr {source} udp sport 1024-1123 counter")
            vpc.first.flood(100, source, vpc.answering.address)
            vpc.first.finish()
        counted = [
            line.split("counter ")[1]
            for line in vpc.router.nft("list table ip watch").splitlines()
            if "counter" in line
        ]
        assert counted == ["packets 0 bytes 0", "packets 100 bytes 3600"]
    finally:
        vpc.router.nft("delete table ip watch")


def test_one_task_cannot_fill_the_conntrack_table(vpc):
    most = vpc.router.conntrack("max")
    vpc.first.flood(most // 4, vpc.first.address, vpc.answering.address)
    vpc.first.finish()
    assert vpc.router.conntrack("count") < most // 8
    assert vpc.asking.reaches(vpc.answering)


@pytest.mark.heavy
def test_two_cooperating_tasks_cannot_fill_the_conntrack_table(vpc):
    most = vpc.router.conntrack("max")
    first, second = vpc.first, vpc.second
    first.flood(most // 4, first.address, second.address)
    second.flood(most // 4, second.address, first.address, "--answer")
    for member in (first, second):
        member.finish()
    assert vpc.router.conntrack("count") < most // 4
    assert vpc.asking.reaches(vpc.answering)


def test_traffic_to_the_router_itself_is_not_tracked(vpc):
    most = vpc.router.conntrack("max")
    before = vpc.router.conntrack("count")
    vpc.first.flood(most // 8, vpc.first.address, "172.31.0.2")
    vpc.first.finish()
    assert vpc.router.conntrack("count") < before + 1000


def test_only_the_task_with_too_many_connections_is_cut_off(vpc):
    reached = "the second task reaches the answering one: the kernel has forgotten the connections of earlier attacks"
    eventually(lambda: vpc.second.reaches(vpc.answering), reached, patience=300)
    vpc.first.flood(vpc.router.conntrack("max") // 8, vpc.first.address, vpc.answering.address)
    vpc.first.finish()
    assert vpc.asking.reaches(vpc.answering)
    assert vpc.second.reaches(vpc.answering)
    eventually(lambda: vpc.first.reaches(vpc.answering), "and has new ones when the kernel has forgotten the old ones")
