"""Requests that the kernel gets together: what a namespace has afterwards, when they come again, and when one fails."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pyroute2
import pytest

from moyai.runtime.linux.network.client_addresses import accept_every_address, return_answers
from moyai.runtime.linux.network.link_requests import (
    add_address,
    add_default_route,
    add_route,
    fix_neighbour,
    new_veth,
    send,
    set_up,
)
from moyai.runtime.linux.shim import syscalls

pytestmark = pytest.mark.root

MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"


@pytest.fixture
def in_new_namespace():
    """Calls functions on a thread with a network namespace of its own, which ends with it."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(syscalls.unshare, syscalls.CLONE_NEWNET).result()
        yield lambda work: thread.submit(work).result()


def ip(*words: str) -> list[dict[str, object]]:
    answer = subprocess.run(["ip", "-j", *words], capture_output=True, text=True, check=True).stdout
    return list(json.loads(answer))


def connect() -> None:
    """A veth with both ends here, an address, a neighbour and routes."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    send([new_veth("near", MAC, "far", PEER_MAC, own)])
    os.close(own)
    send(requests())


def requests() -> list[bytes]:
    index = socket.if_nametoindex("near")
    return [
        set_up(1),
        set_up(index),
        set_up(socket.if_nametoindex("far")),
        add_address(index, "10.0.0.2", 24, 0x200),
        fix_neighbour(index, "10.0.0.1", PEER_MAC),
        add_route(index, "10.0.0.1", "10.0.0.2"),
        add_default_route(index, "10.0.0.1"),
    ]


def test_the_kernel_carries_them_out_in_their_order(in_new_namespace):
    in_new_namespace(connect)
    (near,) = in_new_namespace(lambda: ip("address", "show", "near"))
    assert (near["address"], near["operstate"]) == (MAC, "UP")
    assert [(a["local"], a["prefixlen"]) for a in near["addr_info"] if a["family"] == "inet"] == [("10.0.0.2", 24)]
    routes = {route["dst"]: route for route in in_new_namespace(lambda: ip("route"))}
    assert set(routes) == {"default", "10.0.0.1"}
    assert (routes["default"]["gateway"], routes["10.0.0.1"]["prefsrc"]) == ("10.0.0.1", "10.0.0.2")
    (neighbour,) = in_new_namespace(lambda: ip("neighbour", "show", "dev", "near"))
    assert (neighbour["dst"], neighbour["lladdr"], neighbour["state"]) == ("10.0.0.1", PEER_MAC, ["PERMANENT"])


def test_requests_can_be_repeated(in_new_namespace):
    in_new_namespace(connect)
    before = in_new_namespace(lambda: ip("address") + ip("route"))
    in_new_namespace(lambda: send(requests()))
    assert in_new_namespace(lambda: ip("address") + ip("route")) == before


def test_there_can_be_more_than_the_kernel_keeps_answers_for(in_new_namespace):
    def add() -> list[dict[str, object]]:
        connect()
        index = socket.if_nametoindex("near")
        addresses = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(300)]
        send([add_address(index, address, 32) for address in addresses])
        for_each = [(fix_neighbour(index, address, PEER_MAC), add_route(index, address)) for address in addresses]
        send([request for requests in for_each for request in requests])
        return ip("-4", "address", "show", "near")

    (near,) = in_new_namespace(add)
    assert len(near["addr_info"]) == 301


def test_a_refusal_in_the_first_of_many_is_raised(in_new_namespace):
    def attempt() -> list[dict[str, object]]:
        with pytest.raises(pyroute2.NetlinkError) as refusal:
            send([set_up(4711)] * 300 + [set_up(1)])
        assert refusal.value.code == errno.ENODEV
        return ip("link", "show", "lo")

    (loopback,) = in_new_namespace(attempt)
    assert "UP" in loopback["flags"]


def test_a_veth_that_is_there_is_refused(in_new_namespace):
    def attempt() -> None:
        connect()
        with pytest.raises(pyroute2.NetlinkError) as refusal:
            connect()
        assert refusal.value.code == errno.EEXIST

    in_new_namespace(attempt)


def test_ipv6_has_the_same(in_new_namespace):
    def add() -> list[dict[str, object]]:
        connect()
        index = socket.if_nametoindex("near")
        send(
            [add_address(index, "fd00::2", 64, 0x202), add_route(index, "fd00::1"), add_default_route(index, "fd00::1")]
        )
        return ip("-6", "route")

    assert {"default", "fd00::1"} <= {route["dst"] for route in in_new_namespace(add)}


def test_routes_to_clients_are_in_a_table_of_their_own(in_new_namespace):
    def route() -> tuple[list[dict[str, object]], ...]:
        connect()
        for _ in range(2):
            return_answers(socket.if_nametoindex("near"), PEER_MAC)
        answers = ip("route", "show", "table", "100")
        for _ in range(2):
            accept_every_address("near")
        return answers, ip("route", "show", "table", "100"), ip("rule", "show", "table", "100")

    (to_gateway,), (to_self,), rules = in_new_namespace(route)
    assert (to_gateway["dst"], to_gateway["gateway"], to_gateway["flags"]) == ("default", "169.254.255.254", ["onlink"])
    assert (to_self["type"], to_self["dst"], to_self["dev"]) == ("local", "default", "lo")
    assert [(rule["priority"], rule.get("fwmark"), rule.get("iif")) for rule in rules] == [
        (100, "0x1", None),
        (100, None, "near"),
    ]


def test_the_first_refusal_is_raised_and_later_requests_are_carried_out(in_new_namespace):
    def attempt() -> list[dict[str, object]]:
        with pytest.raises(pyroute2.NetlinkError) as refusal:
            send([set_up(4711), add_address(4711, "10.0.0.2", 24), set_up(1)])
        assert refusal.value.code == errno.ENODEV
        return ip("link", "show", "lo")

    (loopback,) = in_new_namespace(attempt)
    assert "UP" in loopback["flags"]
