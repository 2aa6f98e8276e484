"""Clients without access keys of a container whose port is published on the host's loopback."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest

from moyai.app.adapters.published_loopback import PublishedOnLoopback, is_published_port, read_gateways
from moyai.testing.clock import ManualClock

GATEWAY, OTHER_GATEWAY = "172.17.0.1", "172.18.0.1"
GATEWAYS = frozenset({ip_address(GATEWAY), ip_address("fd00::1")})


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1", GATEWAY, f"::ffff:{GATEWAY}", "fd00::1", "fd00::1%eth0"])
def test_callers_of_the_published_port_are_recognized(caller):
    assert is_published_port(caller, GATEWAYS)


@pytest.mark.parametrize(
    "caller",
    ["172.17.0.2", "::ffff:172.17.0.2", "172.17.0.9", "172.18.0.5", "192.168.1.20", "203.0.113.7", "fd00::2", "", "x"],
    ids=["itself", "itself, mapped", "a neighbour", "a routed network", "a machine", "the internet", "v6", "none", "x"],
)
def test_all_others_are_not(caller):
    assert not is_published_port(caller, GATEWAYS)


class Server:
    """An application that counts what reaches it, behind the filter."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.gateways = GATEWAYS
        self.served: list[str] = []
        self.filter = PublishedOnLoopback(self._serve, self.clock, lambda: self.gateways)

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


async def test_others_are_answered_with_403_that_says_what_to_do():
    server = Server()
    start, body = await server.call("172.17.0.9")
    assert start["status"] == 403
    message = json.loads(body["body"])["message"]
    assert "Callers at 172.17.0.9 need access keys" in message
    assert "MOYAI_PUBLISHED_AT" in message
    assert await server.call("172.17.0.9", "websocket") == [{"type": "websocket.close"}]
    assert server.served == []
    assert await server.call(GATEWAY) == []
    assert await server.call(GATEWAY, "websocket") == []
    assert server.served == ["http", "websocket"]


async def test_a_network_that_is_connected_later_counts_as_well():
    server = Server()
    start, _ = await server.call(OTHER_GATEWAY)
    assert start["status"] == 403
    server.gateways = GATEWAYS | {ip_address(OTHER_GATEWAY)}
    await server.clock.advance(6)
    assert await server.call(OTHER_GATEWAY) == []
    assert server.served == ["http"]


def test_the_gateways_of_this_machine_are_read():
    assert all(is_published_port(str(gateway), read_gateways()) for gateway in read_gateways())
