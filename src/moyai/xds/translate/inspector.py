"""A look at what a client says first: is it TLS, and whom does it ask for.

It is taken at the ports only where something depends on it, because elsewhere a server may be the one that speaks
first. A client that stays silent for a while where it is taken has not begun TLS.
"""

from __future__ import annotations

from collections.abc import Collection

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.listener.v3.listener_components_pb2 import ListenerFilterChainMatchPredicate
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.type.v3 import range_pb2

from moyai.xds.translate.proto import packed, seconds

_SILENCE = 5.0


def inspect(listener: listener_pb2.Listener, ports: Collection[int]) -> None:
    """Have the listener take it where connections were going to one of these ports; nowhere when there are none."""
    if not ports:
        return
    look = listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.tls_inspector", typed_config=packed(tls_inspector_pb2.TlsInspector())
    )
    look.filter_disabled.not_match.CopyFrom(_one_of(ports))
    listener.listener_filters.append(look)
    listener.listener_filters_timeout.CopyFrom(seconds(_SILENCE))
    listener.continue_on_listener_filters_timeout = True


def _one_of(ports: Collection[int]) -> ListenerFilterChainMatchPredicate:
    found = [_is(port) for port in sorted(ports)]
    if len(found) == 1:
        return found[0]
    return ListenerFilterChainMatchPredicate(or_match=ListenerFilterChainMatchPredicate.MatchSet(rules=found))


def _is(port: int) -> ListenerFilterChainMatchPredicate:
    return ListenerFilterChainMatchPredicate(destination_port_range=range_pb2.Int32Range(start=port, end=port + 1))
