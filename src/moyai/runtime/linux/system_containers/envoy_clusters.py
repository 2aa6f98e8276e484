"""The endpoints of an Envoy, as its admin interface lists them: their health, and what is under way at each.

Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--clusters
(envoy.admin.v3.Clusters, HostStatus and HostHealthStatus)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import msgspec

from moyai.domain.sandbox.state import EndpointHealth, ProxyEndpoint
from moyai.runtime.linux.system_containers.envoy_admin import Connect, request

_TIMEOUT = 5.0
_MAX_BYTES = 64 * 1024 * 1024
"""An endpoint takes about a kilobyte."""
_ACTIVE = "rq_active"
_DRAINING = "DRAINING"

HostKey = tuple[str, str, int]
"""A cluster's name, and the address and port of one of its hosts."""


class _SocketAddress(msgspec.Struct):
    address: str = ""
    port_value: int = 0


class _Address(msgspec.Struct):
    socket_address: _SocketAddress | None = None


class _Stat(msgspec.Struct):
    name: str = ""
    value: str = "0"


class _Health(msgspec.Struct):
    eds_health_status: str = ""
    failed_active_health_check: bool = False
    pending_active_hc: bool = False
    active_hc_timeout: bool = False


class _Host(msgspec.Struct):
    address: _Address = msgspec.field(default_factory=_Address)
    stats: list[_Stat] = []
    health_status: _Health = msgspec.field(default_factory=_Health)


class _Cluster(msgspec.Struct):
    name: str = ""
    host_statuses: list[_Host] = []


class _Clusters(msgspec.Struct):
    cluster_statuses: list[_Cluster] = []


_READER = msgspec.json.Decoder(_Clusters)


async def endpoints(connect: Connect, statuses: Mapping[HostKey, int]) -> tuple[ProxyEndpoint, ...] | None:
    """The endpoints of all clusters; None if Envoy doesn't answer in time. ``statuses``: with which HTTP status the
    last check of an endpoint failed.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            body = await request(connect, "GET", "/clusters?format=json", _MAX_BYTES)
        return parse_endpoints(body, statuses)
    except (OSError, TimeoutError, ValueError):
        return None


def parse_endpoints(body: bytes, statuses: Mapping[HostKey, int]) -> tuple[ProxyEndpoint, ...]:
    """The endpoints in an answer to ``/clusters?format=json``. Raises ValueError for what Envoy would not answer."""
    return tuple(_endpoints(_READER.decode(body), statuses))


def _endpoints(clusters: _Clusters, statuses: Mapping[HostKey, int]) -> Iterator[ProxyEndpoint]:
    for cluster in clusters.cluster_statuses:
        for host in cluster.host_statuses:
            at = host.address.socket_address
            if at is not None:
                health = _health(host.health_status)
                status = statuses.get((cluster.name, at.address, at.port_value))
                yield ProxyEndpoint(
                    cluster=cluster.name,
                    address=at.address,
                    port=at.port_value,
                    health=health,
                    draining=host.health_status.eds_health_status == _DRAINING,
                    active=sum(int(stat.value) for stat in host.stats if stat.name == _ACTIVE),
                    timed_out=host.health_status.active_hc_timeout,
                    status=status if health is EndpointHealth.UNHEALTHY else None,
                )


def _health(health: _Health) -> EndpointHealth:
    if health.pending_active_hc:
        return EndpointHealth.PENDING
    return EndpointHealth.UNHEALTHY if health.failed_active_health_check else EndpointHealth.HEALTHY
