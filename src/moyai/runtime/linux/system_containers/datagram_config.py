"""The Envoy configuration of a VPC's gateway of public UDP ports: pure.

Envoy's UDP proxy opens its sockets to tasks in the network that the process is in, the VPC's router. So the listeners
are opened in another network, that of the machine. A datagram from one of the machine's own addresses, except for the
loopback, comes from a task by its egress, and is dropped at gateway ports, as connections are. All ports of the VPC
share the sessions that its Envoy may have.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/listeners/udp_filters/udp_proxy
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.open_files import PUBLIC_FLOW_IDLE, equal_part
from moyai.runtime.linux.system_containers import configs
from moyai.runtime.linux.system_containers.gateway_config import ENVOY_TYPES, Json
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, public_name

_LISTENER: Final = ENVOY_TYPES + "config.listener.v3.Listener"
_CLUSTER: Final = ENVOY_TYPES + "config.cluster.v3.Cluster"
_UDP_PROXY: Final = ENVOY_TYPES + "extensions.filters.udp.udp_proxy.v3.UdpProxyConfig"
_ROUTE: Final = ENVOY_TYPES + "extensions.filters.udp.udp_proxy.v3.Route"
_SOURCE: Final = ENVOY_TYPES + "extensions.matching.common_inputs.network.v3.SourceIPInput"
_BY_RANGE: Final = "type.googleapis.com/xds.type.matcher.v3.IPMatcher"
_NOWHERE: Final = "nowhere"
"""A cluster that does not exist."""


def datagram_listeners(
    ports: Iterable[PublishedPort],
    assigned: Mapping[PublishedPort, int],
    entrance: GatewayEntrance,
    own_addresses: Collection[str],
) -> Json:
    """The listeners of public UDP ports and of their gateway ports. ``own_addresses``: those of the machine."""
    listeners = []
    for port in ports:
        listeners.append(_listener(public_name(port), port.public_address, port.port, port, ()))
        if (number := assigned.get(port)) is not None:
            name = f"{public_name(port)} by {number}"
            listeners.append(_listener(name, entrance.address, number, port, own_addresses))
    return {"resources": listeners}


def datagram_clusters(ports: Sequence[PublishedPort], sessions: int) -> Json:
    """A cluster for each public UDP port. ``sessions``: those of all ports together."""
    sessions_per_port = equal_part(sessions, len(ports))
    return {"resources": [_cluster(port, sessions_per_port) for port in ports]}


def _listener(name: str, address: str, number: int, port: PublishedPort, refused: Collection[str]) -> Json:
    socket = {
        "protocol": "UDP",
        "address": address,
        "port_value": number,
        "network_namespace_filepath": configs.MACHINE,
    }
    proxy = {
        "@type": _UDP_PROXY,
        "stat_prefix": "public",
        "idle_timeout": f"{PUBLIC_FLOW_IDLE}s",
        "matcher": _matcher(public_name(port), refused),
    }
    return {
        "@type": _LISTENER,
        "name": name,
        "address": {"socket_address": socket},
        "enable_reuse_port": False,  # else two installations would share the port, and each get some of the datagrams
        "udp_listener_config": {},
        "listener_filters": [{"name": "envoy.filters.udp_listener.udp_proxy", "typed_config": proxy}],
    }


def _matcher(cluster: str, refused: Collection[str]) -> Json:
    """Routes to the cluster, unless the sender has one of these addresses."""
    if not refused:
        return {"on_no_match": _route(cluster)}
    ranges = [{"address_prefix": address, "prefix_len": 32} for address in sorted(refused)]
    by_range = {"@type": _BY_RANGE, "range_matchers": [{"ranges": ranges, "on_match": _route(_NOWHERE)}]}
    tree = {
        "input": {"name": "envoy.matching.inputs.source_ip", "typed_config": {"@type": _SOURCE}},
        "custom_match": {"name": "ranges", "typed_config": by_range},
    }
    return {"matcher_tree": tree, "on_no_match": _route(cluster)}


def _route(cluster: str) -> Json:
    return {"action": {"name": "route", "typed_config": {"@type": _ROUTE, "cluster": cluster}}}


def _cluster(port: PublishedPort, sessions: int) -> Json:
    target = {"socket_address": {"protocol": "UDP", "address": port.address, "port_value": port.port}}
    name = public_name(port)
    return {
        "@type": _CLUSTER,
        "name": name,
        "type": "STATIC",
        "circuit_breakers": {"thresholds": [{"max_connections": sessions}]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target}}]}],
        },
    }
