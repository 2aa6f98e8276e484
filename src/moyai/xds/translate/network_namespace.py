"""Network namespaces of workloads in Envoy's messages, for an Envoy that serves several workloads.

A cluster is shared by callers in several namespaces, and an endpoint can't name one. So each filter chain names its
own, as filter state of the connections that it leads to, and the cluster binds them there. Only paths of our own are
used: Envoy's documentation calls the security posture of that extension unknown.
"""

from __future__ import annotations

from envoy.config.core.v3 import address_pb2, extension_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2
from envoy.extensions.local_address_selectors.filter_state_override.v3 import config_pb2

from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.placement import WorkloadPlace
from moyai.xds.translate.proto import to_any

_NAMESPACE_KEY = "envoy.network.upstream_bind_override.network_namespace"
_STRING_FACTORY = "envoy.hashable_string"
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (the kernel chooses the address that the route has)


def enter(address: address_pb2.Address, place: WorkloadPlace | None) -> None:
    """Make an address one of the workload's namespace."""
    if place is not None:
        address.socket_address.network_namespace_filepath = place.namespace


def bind_inside(place: WorkloadPlace | None, app_address: str) -> address_pb2.BindConfig | None:
    """The source of connections to an application: the application's own address, in its namespace."""
    if place is None:
        return None
    source = socket_address(app_address, 0)
    enter(source, place)
    return address_pb2.BindConfig(source_address=source.socket_address)


def bind_where_called() -> address_pb2.BindConfig:
    """The source of connections to other hosts: any address of the namespace that ``name_namespace`` names."""
    selector = extension_pb2.TypedExtensionConfig(
        name="envoy.upstream.local_address_selector.filter_state_override", typed_config=to_any(config_pb2.Config())
    )
    return address_pb2.BindConfig(
        source_address=socket_address(_ANY_ADDRESS, 0).socket_address, local_address_selector=selector
    )


def name_namespace(chain: listener_components_pb2.FilterChain, place: WorkloadPlace | None) -> None:
    """Let the upstream connections of a filter chain be made in the workload's namespace."""
    if place is None:
        return
    value = value_pb2.FilterStateValue(
        object_key=_NAMESPACE_KEY,
        factory_key=_STRING_FACTORY,
        shared_with_upstream=value_pb2.FilterStateValue.ONCE,
    )
    value.format_string.text_format_source.inline_string = place.namespace.replace("%", "%%")
    config = set_filter_state_pb2.Config(on_new_connection=[value])
    name = "envoy.filters.network.set_filter_state"
    chain.filters.insert(0, listener_components_pb2.Filter(name=name, typed_config=to_any(config)))
