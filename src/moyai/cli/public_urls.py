"""The URLs at which this machine reaches public ports.

If the server has gateway ports, a public port is reached at one of these, on the server's host; else at its address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from moyai.cli.remote import Remote


class PublicUrls:
    """The URLs of one server's public ports. The server is asked when the first URL is needed."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._host = urlsplit(remote.url).hostname or ""

    def of(self, interface: str | None, ports: Sequence[tuple[str, int]]) -> list[str]:
        """The URLs of an interface's ports, each with its scheme."""
        address = self._by_interface.get(interface) if interface else None
        return [] if address is None else [self.at(scheme, address, port) for scheme, port in ports]

    def at(self, scheme: str, address: str, port: int) -> str:
        """The URL of a public port."""
        protocol = scheme if scheme == "udp" else "tcp"
        gateway_port = self._gateway_ports.get((protocol, address, port))
        if gateway_port is None:
            return f"{scheme}://{address}:{port}"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{gateway_port}"

    def of_name(self, name: str, scheme: str = "http") -> str:
        """The URL of a service by its name; empty if the server has no port for names. ``scheme``: http, https."""
        port = self._gateway.get(f"{scheme}_port")
        return f"{scheme}://{name}:{port}".lower() if port else ""

    def of_listeners(self, load_balancer: str) -> dict[int, str]:
        """The URLs by name of a load balancer's listeners, by their ports. ``load_balancer``: its ARN."""
        listeners = self._gateway.get("listeners", ())  # absent: an older server that still runs
        return {at["port"]: at["url"] for at in listeners if at["load_balancer"] == load_balancer}

    @property
    def failures(self) -> Mapping[str, str]:
        """The reasons why ports could not be opened, by port, as ``127.83.0.1:80``."""
        failures: Mapping[str, str] = self._gateway.get("failures", {})  # absent: an older server that still runs
        return failures

    @cached_property
    def _by_interface(self) -> Mapping[str, str]:
        return self._remote.public_addresses()

    @cached_property
    def _gateway(self) -> Mapping[str, Any]:
        return self._remote.read("gateway")

    @cached_property
    def _gateway_ports(self) -> Mapping[tuple[str, str, int], int]:
        """The gateway ports by protocol, address and port. An older server names no protocol: all its ports are TCP."""
        ports = self._gateway["ports"]
        return {(port.get("protocol", "tcp"), port["address"], port["port"]): port["gateway_port"] for port in ports}
