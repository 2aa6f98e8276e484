"""The TLS inspector: reads from a client's first bytes whether it uses TLS, and its server name (SNI).

In tasks it is enabled only for ports where a filter chain depends on it, because elsewhere the server may have to speak
first. A client that sends nothing for a while is treated as one without TLS.
"""

from __future__ import annotations

from collections.abc import Collection

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.listener.v3.listener_components_pb2 import ListenerFilterChainMatchPredicate
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.type.v3 import range_pb2

from moyai.xds.translate.proto import duration, to_any

_SILENCE = 5.0


def inspect(listener: listener_pb2.Listener, ports: Collection[int]) -> None:
    """Inspect connections that were sent to one of these ports; none when there are no ports."""
    if not ports:
        return
    inspector = tls_inspector()
    inspector.filter_disabled.not_match.CopyFrom(_one_of(ports))
    listener.listener_filters.append(inspector)
    listener.listener_filters_timeout.CopyFrom(duration(_SILENCE))
    listener.continue_on_listener_filters_timeout = True


def tls_inspector() -> listener_components_pb2.ListenerFilter:
    """The inspector of all connections."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.tls_inspector", typed_config=to_any(tls_inspector_pb2.TlsInspector())
    )


def _one_of(ports: Collection[int]) -> ListenerFilterChainMatchPredicate:
    rules = [_is(port) for port in sorted(ports)]
    if len(rules) == 1:
        return rules[0]
    return ListenerFilterChainMatchPredicate(or_match=ListenerFilterChainMatchPredicate.MatchSet(rules=rules))


def _is(port: int) -> ListenerFilterChainMatchPredicate:
    return ListenerFilterChainMatchPredicate(destination_port_range=range_pb2.Int32Range(start=port, end=port + 1))
