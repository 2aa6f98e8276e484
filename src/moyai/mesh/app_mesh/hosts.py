"""A gateway's routes by the host name that requests come for.

Promise: a route's host name is one more thing that it asks for. The proxy looks for the host first, a whole name before
the longest end of one, so each list of rules has everything that its host may meet, in the one order of all routes.
Names have no case, and come with the gateway's port or without.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_GatewayRouteHostnameMatch.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moyai.domain.appmesh.match import HostnameMatch
from moyai.mesh.app_mesh.names import ANY_HOST, SELF_REDIRECT
from moyai.mesh.ir import Host, Rule


class Hosted(NamedTuple):
    """Rules, and the host name that they ask for."""

    host: HostnameMatch | None
    rules: tuple[Rule, ...]


def by_host(port: int, asked: Sequence[Hosted]) -> tuple[Host, ...]:
    """A list of rules for each host name, for each end of one, and for the rest."""
    return (*_lists(port, asked), Host(SELF_REDIRECT, (ANY_HOST,), _meant(asked)))


def _lists(port: int, asked: Sequence[Hosted]) -> Iterator[Host]:
    names = {one.host.exact.lower() for one in asked if one.host is not None and one.host.exact is not None}
    ends = {one.host.suffix.lower() for one in asked if one.host is not None and one.host.suffix is not None}
    for name in sorted(names):
        yield Host(name, _domains(name, port), _meant(asked, name, name))
    for end in sorted(ends):
        itself = _domains(end, port) if end not in names and end[0].isalnum() else ()  # an asterisk is not nothing
        yield Host(f"*{end}", (*_domains(f"*{end}", port), *itself), _meant(asked, None, end))


def _domains(name: str, port: int) -> tuple[str, ...]:
    return name, f"{name}:{port}"


def _meant(asked: Sequence[Hosted], name: str | None = None, end: str = "") -> tuple[Rule, ...]:
    """The rules that requests for this name may meet, or for whatever ends so."""
    return tuple(rule for one in asked if _is_met(one.host, name, end) for rule in one.rules)


def _is_met(host: HostnameMatch | None, name: str | None, end: str) -> bool:
    if host is None:
        return True
    if host.exact is not None:
        return host.exact.lower() == name
    return host.suffix is not None and end.endswith(host.suffix.lower())
