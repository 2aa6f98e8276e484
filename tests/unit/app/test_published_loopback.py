"""Who is answered without access keys by a container whose port is published on the host's loopback."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from moyai.app.adapters.published_loopback import Networks, PublishedOnLoopback, read_networks
from moyai.testing.clock import ManualClock

OWN, OTHER = "172.17.0.2", "172.18.0.3"
NETWORKS = Networks(
    (ip_interface(f"{OWN}/16"), ip_interface("fd00::2/64")),
    frozenset({ip_address("172.17.0.1"), ip_address("fd00::1")}),
)


@pytest.mark.parametrize(
    ("caller", "is_inside"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("172.17.0.1", False),
        ("::ffff:172.17.0.1", False),
        ("fd00::1", False),
        ("192.168.65.1", False),
        (OWN, True),
        (f"::ffff:{OWN}", True),
        ("172.17.0.9", True),
        ("fd00::9", True),
        ("fd00::2%eth0", True),
    ],
)
def test_callers_in_the_containers_networks_are_recognized(caller, is_inside):
    assert NETWORKS.has_caller(caller) is is_inside


class Server:
    """An application that counts what reaches it, behind the filter."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.networks = NETWORKS
        self.served: list[str] = []
        self.filter = PublishedOnLoopback(self._serve, self.clock, lambda: self.networks)

    async def _serve(self, scope, receive, send) -> None:
        self.served.append(scope["type"])

    async def call(self, client: str, kind: str = "http"):
        """Send one scope, and return what was sent back."""
        sent: list[dict[str, Any]] = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": f"{kind}.connect"}

        await self.filter({"type": kind, "client": (client, 40000)}, receive, send)
        return sent


async def test_a_neighbour_is_answered_with_403_that_says_what_to_do():
    server = Server()
    start, body = await server.call("172.17.0.9")
    assert start["status"] == 403
    assert "MOYAI_PUBLISHED_AT" in json.loads(body["body"])["message"]
    assert await server.call("172.17.0.9", "websocket") == [{"type": "websocket.close"}]
    assert server.served == []
    assert await server.call("172.17.0.1") == []
    assert await server.call("172.17.0.1", "websocket") == []
    assert server.served == ["http", "websocket"]


async def test_a_network_that_is_connected_later_counts_as_well():
    server = Server()
    await server.call(OTHER)
    assert server.served == ["http"]
    server.networks = NETWORKS._replace(interfaces=(*NETWORKS.interfaces, ip_interface("172.18.0.2/16")))
    await server.clock.advance(6)
    start, _ = await server.call(OTHER)
    assert start["status"] == 403


def test_the_networks_of_this_machine_are_read():
    networks = read_networks()
    assert not any(interface.ip.is_loopback for interface in networks.interfaces)
    assert all(not networks.has_caller(str(gateway)) for gateway in networks.gateways)
