"""The overload manager of a proxy's bootstrap: bounds of its connections and of its memory."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from envoy.config.overload.v3 import overload_pb2
from envoy.extensions.resource_monitors.downstream_connections.v3 import downstream_connections_pb2
from envoy.extensions.resource_monitors.fixed_heap.v3 import fixed_heap_pb2

from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.proto import to_any

HOST_ACTIONS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "shrink_heap": 0.8,
        "disable_http_keepalive": 0.85,
        "stop_accepting_requests": 0.95,
        "stop_accepting_connections": 0.97,
    }
)
"""The overload actions of a host's Envoy, each with the share of the memory above which Envoy takes it: it first frees
memory, then ends idle connections, and at last accepts nothing new. Out of memory, all tasks would lose their proxy at
once.
"""
FRONT_ACTIONS: Final[Mapping[str, float]] = MappingProxyType(
    {"shrink_heap": 0.9, "stop_accepting_requests": 0.95, "reject_incoming_connections": 0.98}
)
"""The same of a front proxy."""
_MAX_HEAP: Final = 2 * 1024**3
"""Bytes. A task of a host's Envoy needs a few hundred kilobytes, a connection at most a few megabytes; a front proxy of
fifty load balancers at rest has 0.1 GiB.
"""
_HEAP: Final = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS: Final = "envoy.resource_monitors.global_downstream_max_connections"


def connection_limit(settings: BootstrapSettings) -> overload_pb2.OverloadManager:
    """The overload manager that bounds a proxy's downstream connections."""
    connections = downstream_connections_pb2.DownstreamConnectionsConfig(
        max_active_downstream_connections=settings.max_connections
    )
    monitor = overload_pb2.ResourceMonitor(name=_CONNECTIONS, typed_config=to_any(connections))
    return overload_pb2.OverloadManager(resource_monitors=[monitor])


def bound_heap(manager: overload_pb2.OverloadManager, actions: Mapping[str, float]) -> None:
    """Bound the memory of a proxy, too."""
    heap = fixed_heap_pb2.FixedHeapConfig(max_heap_size_bytes=_MAX_HEAP)
    manager.resource_monitors.add(name=_HEAP, typed_config=to_any(heap))
    for action, share in actions.items():
        trigger = manager.actions.add(name=f"envoy.overload_actions.{action}").triggers.add(name=_HEAP)
        trigger.threshold.value = share
