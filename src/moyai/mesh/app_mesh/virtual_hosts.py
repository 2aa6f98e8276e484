"""Groups a gateway's routes into virtual hosts.

Promise: a route's host name is one condition among others. But Envoy selects the virtual host first, an exact name
before the longest suffix, so each virtual host has all rules that its requests may match, in the order of all routes.
Names ignore case, and match with or without the gateway's port.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_GatewayRouteHostnameMatch.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moyai.domain.appmesh.match import HostnameMatch
from moyai.mesh.app_mesh.names import ANY_HOST, SELF_REDIRECT
from moyai.mesh.ir import RouteRule, VirtualHost


class HostRules(NamedTuple):
    """Rules, and the host name that they require."""

    host: HostnameMatch | None
    rules: tuple[RouteRule, ...]


def virtual_hosts(port: int, routes: Sequence[HostRules]) -> tuple[VirtualHost, ...]:
    """A virtual host for each exact host name, for each suffix, and for all other names."""
    return (*_named_hosts(port, routes), VirtualHost(SELF_REDIRECT, (ANY_HOST,), _matching(routes)))


def _named_hosts(port: int, routes: Sequence[HostRules]) -> Iterator[VirtualHost]:
    hosts = [route.host for route in routes if route.host is not None]
    names = {host.exact.lower() for host in hosts if host.exact is not None}
    suffixes = {host.suffix.lower() for host in hosts if host.suffix is not None}
    for name in sorted(names):
        yield VirtualHost(name, _domains(name, port), _matching(routes, name, name))
    for suffix in sorted(suffixes):
        # an asterisk matches at least one character, so the name that equals the suffix needs a domain of its own
        itself = _domains(suffix, port) if suffix not in names and suffix[0].isalnum() else ()
        yield VirtualHost(f"*{suffix}", (*_domains(f"*{suffix}", port), *itself), _matching(routes, None, suffix))


def _domains(name: str, port: int) -> tuple[str, ...]:
    return name, f"{name}:{port}"


def _matching(routes: Sequence[HostRules], name: str | None = None, suffix: str = "") -> tuple[RouteRule, ...]:
    """The rules that requests for this host name, or for names with this suffix, may match."""
    return tuple(rule for route in routes if _may_match(route.host, name, suffix) for rule in route.rules)


def _may_match(host: HostnameMatch | None, name: str | None, suffix: str) -> bool:
    if host is None:
        return True
    if host.exact is not None:
        return host.exact.lower() == name
    return host.suffix is not None and suffix.endswith(host.suffix.lower())
