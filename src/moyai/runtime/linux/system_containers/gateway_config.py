"""The Envoy configuration of the gateway of public addresses: pure.

Each public port is a TCP listener at its address, and another one at its gateway port. One HTTP listener routes by
``Host``: ``SERVICE.CLUSTER.localhost`` is the lowest public port of the service's tasks, and
``PORT.SERVICE.CLUSTER.localhost`` that port; names of load balancers are routed likewise. Another listener passes TLS
on, by the name that the client asks for in its handshake, to a load balancer with a certificate for it. A connection
from the machine's own address comes from a task by its egress, and is closed: a task reaches others in its networks
only, by the rules of their security groups.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from moyai.domain.elb import request_head
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.open_files import MAX_STREAMS, equal_part
from moyai.domain.sandbox.server_names import by_service, public_names, routed_server_names
from moyai.runtime.linux.runtime_paths import path_component
from moyai.runtime.linux.system_containers import configs
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, public_name

Json = Mapping[str, object]

ENVOY_TYPES = "type.googleapis.com/envoy."
_LISTENER = ENVOY_TYPES + "config.listener.v3.Listener"
_CLUSTER = ENVOY_TYPES + "config.cluster.v3.Cluster"
_ROUTES = ENVOY_TYPES + "config.route.v3.RouteConfiguration"
_TCP_PROXY = ENVOY_TYPES + "extensions.filters.network.tcp_proxy.v3.TcpProxy"
_HTTP = ENVOY_TYPES + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = ENVOY_TYPES + "extensions.filters.http.router.v3.Router"
_CONNECTIONS = "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
_TLS_INSPECTOR = ENVOY_TYPES + "extensions.filters.listener.tls_inspector.v3.TlsInspector"
_BY_NAME = "services"
_PROXY_HEADER: Json = MappingProxyType(
    {
        "name": "envoy.transport_sockets.upstream_proxy_protocol",
        "typed_config": {
            "@type": ENVOY_TYPES + "extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
            "config": {"version": "V2"},
            "transport_socket": {
                "name": "envoy.transport_sockets.raw_buffer",
                "typed_config": {"@type": ENVOY_TYPES + "extensions.transport_sockets.raw_buffer.v3.RawBuffer"},
            },
        },
    }
)
_LOOPBACK: Mapping[str, object] = {"address_prefix": "127.0.0.0", "prefix_len": 8}
_OWN_HEADERS = ("x-forwarded-for", "x-forwarded-proto", "x-request-id")
_BY_SERVER_NAME = "encrypted services"
_SUBJECTS = MappingProxyType({_BY_NAME: "services by name", _BY_SERVER_NAME: "load balancers by name"})
_NO_SERVICE = "No service has this name and a public port: call http://SERVICE.CLUSTER.localhost.\n"


def bootstrap(connections: int) -> Json:
    """The configuration with which the gateway starts. ``connections``: the limit of its clients' connections."""
    limit = {"@type": ENVOY_TYPES + _CONNECTIONS, "max_active_downstream_connections": connections}
    monitor = {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": limit}
    sources = {f"{kind}_config": _source(kind) for kind in ("lds", "cds")}
    return {
        "node": {"id": "gateway", "cluster": "moyai"},
        "admin": {"address": {"pipe": {"path": f"{configs.RUN_IN_PROXY}/admin.sock", "mode": 0o600}}},
        "dynamic_resources": sources,
        "overload_manager": {"resource_monitors": [monitor]},
    }


def listeners(ports: Sequence[PublishedPort], assigned: Mapping[PublishedPort, int], entrance: GatewayEntrance) -> Json:
    """The listeners of public addresses, of gateway ports, and of services' names."""
    public = [_tcp_listener(public_name(port), port.public_address, port.port, [_tcp_chain(port)]) for port in ports]
    outer = [
        _tcp_listener(f"{public_name(port)} by {number}", entrance.address, number, _from_outside(_tcp_chain(port)))
        for port, number in assigned.items()
    ]
    names = [] if entrance.http_port is None else [_http_listener(entrance.address, entrance.http_port)]
    chains = tuple(_chains_by_server_name(ports))
    if entrance.https_port is not None and chains:  # Envoy accepts no listener without a filter chain
        names.append(_https_listener(entrance.address, entrance.https_port, chains))
    return {"resources": [*public, *outer, *names]}


def listener_subject(name: str) -> str:
    """What a listener makes public: a public port, a public port by a gateway port, or services by name."""
    return _SUBJECTS.get(name, name)


def clusters(ports: Sequence[PublishedPort], pooled: int) -> Json:
    """A cluster for each public port, and one for each port of a service. Those that get requests share the ``pooled``
    connections: an HTTP/2 connection may need many of them, whereas a TCP connection needs one.
    """
    services = list(by_service(ports))
    part = equal_part(pooled, sum(_gets_requests(service[0]) for service in services))
    limits: Json = {"circuit_breakers": {"thresholds": [{"max_connections": part}]}}
    by_name = (
        {**_cluster(_service_cluster(service[0]), service), **(limits if _gets_requests(service[0]) else {})}
        for service in services
    )
    return {"resources": [*(_cluster(public_name(port), (port,)) for port in ports), *by_name]}


def routes(ports: Sequence[PublishedPort]) -> Json:
    """The names of services. Names that differ in case only are one name: the first service has it."""
    hosts: dict[str, PublishedPort] = {}
    for first, *_ in by_service(port for port in ports if _gets_requests(port)):
        for name in public_names(first):
            hosts.setdefault(name, first)
    virtual_hosts = [_virtual_host(name, port) for name, port in hosts.items()]
    not_found = {"status": 404, "body": {"inline_string": _NO_SERVICE}}
    fallback = {"name": "*", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "direct_response": not_found}]}
    return {"resources": [{"@type": _ROUTES, "name": _BY_NAME, "virtual_hosts": [*virtual_hosts, fallback]}]}


def _gets_requests(port: PublishedPort) -> bool:
    """Whether the service is found by the name in requests, not by that in TLS handshakes."""
    return not port.server_names


def _service_cluster(port: PublishedPort) -> str:
    return f"{port.service}:{port.port}@{port.vpc}"


def _tcp_chain(port: PublishedPort) -> Json:
    proxy = {"@type": _TCP_PROXY, "stat_prefix": "public", "cluster": public_name(port)}
    return {"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}


def _from_outside(chain: Json) -> list[dict[str, Any]]:
    """The chain, restricted to connections from the loopback and from other addresses than the called one."""
    matches: tuple[Json, ...] = ({"source_prefix_ranges": [_LOOPBACK]}, {"source_type": "EXTERNAL"})
    return [{**chain, "name": str(number), "filter_chain_match": match} for number, match in enumerate(matches)]


def _tcp_listener(name: str, address: str, port: int, chains: Sequence[Json]) -> Json:
    return {
        "@type": _LISTENER,
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "enable_reuse_port": False,  # else two installations would share the port, and each get some of the connections
        "filter_chains": chains,
    }


def _http_listener(address: str, port: int) -> Json:
    manager = {
        "@type": _HTTP,
        "stat_prefix": _BY_NAME,
        "rds": {"route_config_name": _BY_NAME, "config_source": _source("rds")},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
        "strip_any_host_port": True,
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "upgrade_configs": [{"upgrade_type": request_head.WEBSOCKET}],
        "http_protocol_options": {"ignore_http_11_upgrade": [{"safe_regex": {"regex": request_head.OTHER_UPGRADES}}]},
        "http2_protocol_options": {"max_concurrent_streams": MAX_STREAMS},
        "max_request_headers_kb": request_head.MAX_HEADERS,
        "common_http_protocol_options": {"max_headers_count": request_head.MAX_HEADER_COUNT},
    }
    chain: Json = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return _tcp_listener(_BY_NAME, address, port, _from_outside(chain))


def _https_listener(address: str, port: int, chains: Sequence[Json]) -> Json:
    """The listener that passes TLS on; a connection that fits no chain is closed."""
    listener = _tcp_listener(_BY_SERVER_NAME, address, port, chains)
    inspector = {"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": _TLS_INSPECTOR}}
    return {**listener, "listener_filters": [inspector]}


def _chains_by_server_name(ports: Iterable[PublishedPort]) -> Iterator[Json]:
    """The chains of encrypted ports, each with the names that lead there."""
    for first, names in routed_server_names(ports):
        cluster = _service_cluster(first)
        proxy = {"@type": _TCP_PROXY, "stat_prefix": _BY_SERVER_NAME, "cluster": cluster}
        chain: Json = {"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}
        for outside in _from_outside(chain):
            name, match = f"{cluster} {outside['name']}", outside["filter_chain_match"]
            yield {**outside, "name": name, "filter_chain_match": {**match, "server_names": names}}


def _virtual_host(name: str, port: PublishedPort) -> Json:
    """The virtual host of a service or load balancer. A load balancer learns the client's address from the PROXY header
    and adds these headers by itself.
    """
    removed = {"request_headers_to_remove": _OWN_HEADERS} if port.proxy_header else {}
    retries = {"retry_on": "connect-failure,refused-stream", "num_retries": 2}  # for a task that has just ended
    route = {"cluster": _service_cluster(port), "timeout": "0s", "retry_policy": retries}
    return {"name": name, "domains": [name], "routes": [{"match": {"prefix": "/"}, "route": route}], **removed}


def _cluster(name: str, ports: Sequence[PublishedPort]) -> Json:
    """The cluster of the ports' tasks or nodes, which are in one VPC: connections are opened in its router."""
    header = {"transport_socket": dict(_PROXY_HEADER)} if ports[0].proxy_header else {}
    targets = [{"address": {"socket_address": {"address": port.address, "port_value": port.port}}} for port in ports]
    return {
        **header,
        "@type": _CLUSTER,
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": target} for target in targets]}],
        },
        "upstream_bind_config": {
            "source_address": {
                "address": "0.0.0.0",  # noqa: S104 - any address of the router
                "port_value": 0,
                "network_namespace_filepath": f"/run/netns/vpc-{path_component(ports[0].vpc)}",
            }
        },
    }


def _source(kind: str) -> Json:
    path = {"path": f"{configs.RUN_IN_PROXY}/{kind}.json"}
    return {"resource_api_version": "V3", "path_config_source": path}
