"""The endpoints of an Envoy, as its admin interface lists them: their health, and the requests in flight at each.

Envoy lists the endpoints of a cluster's newest version only. A request that an older version sent, before the cluster's
settings changed, is in no statistic of an endpoint, but its connection is still open, whereas an older version closes
idle connections. So the connections of an endpoint that drains are compared with those in the kernel's table. One that
only the kernel has may also be a health check's, which lasts no longer than its timeout.
Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--clusters
(envoy.admin.v3.Clusters, HostStatus and HostHealthStatus)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from moyai.domain.sandbox.state import EndpointHealth, ProxyEndpoint
from moyai.ports.runtime import RuntimeFault
from moyai.runtime.linux.network.open_connections import CountConnections, Place
from moyai.runtime.linux.system_containers.envoy_admin import Connect, request

_TIMEOUT = 5.0
_MAX_BYTES = 64 * 1024 * 1024
"""An endpoint takes about a kilobyte."""
_ACTIVE, _CONNECTIONS = "rq_active", "cx_active"
_DRAINING = "DRAINING"

HostKey = tuple[str, str, int]
"""A cluster's name, and the address and port of one of its hosts."""


class _SocketAddress(msgspec.Struct):
    address: str = ""
    port_value: int = 0


class _InternalAddress(msgspec.Struct):
    endpoint_id: str = ""
    """The address and port that the member has for proxies of other machines."""


class _Address(msgspec.Struct):
    socket_address: _SocketAddress | None = None
    envoy_internal_address: _InternalAddress | None = None


class _Stat(msgspec.Struct):
    name: str = ""
    value: str = "0"


class _Health(msgspec.Struct):
    eds_health_status: str = ""
    failed_active_health_check: bool = False
    pending_active_hc: bool = False
    active_hc_timeout: bool = False
    failed_outlier_check: bool = False


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


async def endpoints(
    connect: Connect, statuses: Mapping[HostKey, int], count: CountConnections
) -> tuple[ProxyEndpoint, ...] | None:
    """The endpoints of all clusters; None if Envoy doesn't answer in time. ``statuses``: with which HTTP status the
    last check of an endpoint failed.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            listed = parse_endpoints(await _read(connect), statuses)
            idle = {(e.address, e.port) for e in listed if e.draining and not e.active}
            if not idle:
                return listed
            # The kernel is asked before Envoy: a connection that ends meanwhile counts as one of an older version.
            connections = await count(idle)
            return with_older_versions(parse_endpoints(await _read(connect), statuses), connections)
    except (OSError, TimeoutError, ValueError, RuntimeFault):
        return None


def with_older_versions(listed: Sequence[ProxyEndpoint], connections: Mapping[Place, int]) -> tuple[ProxyEndpoint, ...]:
    """The endpoints, with the connections of their clusters' older versions added to ``active`` of those that drain.
    ``connections``: all open connections, by address and port.
    """
    counts: Counter[Place] = Counter()
    for endpoint in listed:
        counts[endpoint.address, endpoint.port] += endpoint.connections
    older = {place: max(0, count - counts[place]) for place, count in connections.items()}
    return tuple(replace(e, active=e.active + older.get((e.address, e.port), 0)) if e.draining else e for e in listed)


def endpoints_of_task(endpoints: Sequence[ProxyEndpoint], task: str) -> tuple[ProxyEndpoint, ...]:
    """The endpoints of a task's own clusters in a proxy that it shares; all without a ``task``. Such a cluster's name
    begins with the task's ARN.
    """
    return tuple(endpoint for endpoint in endpoints if not task or f"/{task}/" in endpoint.cluster)


async def _read(connect: Connect) -> bytes:
    return await request(connect, "GET", "/clusters?format=json", _MAX_BYTES)


def parse_endpoints(body: bytes, statuses: Mapping[HostKey, int]) -> tuple[ProxyEndpoint, ...]:
    """The endpoints in an answer to ``/clusters?format=json``. Raises ValueError for what Envoy would not answer."""
    return tuple(_endpoints(_READER.decode(body), statuses))


def _endpoints(clusters: _Clusters, statuses: Mapping[HostKey, int]) -> Iterator[ProxyEndpoint]:
    for cluster in clusters.cluster_statuses:
        for host in cluster.host_statuses:
            address = _network_address(host.address)
            if address is not None:
                health = _health(host.health_status)
                status = statuses.get((cluster.name, address.address, address.port_value))
                yield ProxyEndpoint(
                    cluster=cluster.name,
                    address=address.address,
                    port=address.port_value,
                    health=health,
                    draining=host.health_status.eds_health_status == _DRAINING,
                    active=_stat(host, _ACTIVE),
                    connections=_stat(host, _CONNECTIONS),
                    timed_out=host.health_status.active_hc_timeout,
                    status=status if health is EndpointHealth.UNHEALTHY else None,
                    ejected=host.health_status.failed_outlier_check,
                    requests=_stat(host, "rq_total"),
                    errors=_stat(host, "rq_error"),
                )


def _network_address(address: _Address) -> _SocketAddress | None:
    """The address of the endpoint; None if it has neither a network address nor the id of one."""
    if address.envoy_internal_address is None:
        return address.socket_address
    host, _, port = address.envoy_internal_address.endpoint_id.rpartition(":")
    return _SocketAddress(host, int(port)) if port.isdecimal() else None


def _stat(host: _Host, name: str) -> int:
    return sum(int(stat.value) for stat in host.stats if stat.name == name)


def _health(health: _Health) -> EndpointHealth:
    if health.pending_active_hc:
        return EndpointHealth.PENDING
    return EndpointHealth.UNHEALTHY if health.failed_active_health_check else EndpointHealth.HEALTHY
