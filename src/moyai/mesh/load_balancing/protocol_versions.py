"""The requests that do not fit the protocol version of the target groups to which a rule forwards.

Target groups with the version HTTP1 take all requests but calls of gRPC, those with HTTP2 all that came by HTTP/2, and
those with GRPC what came by HTTP/2 with the method POST. A request does not fit a rule when it fits none of its groups.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-464-issues
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from moyai.domain.elb.rule import ForwardAction, Listener
from moyai.domain.elb.target_group import ProtocolVersion
from moyai.domain.world import World
from moyai.mesh.ir import HeaderMatcher, RequestMatch, TextMatcher, TextTest

_NO_POST: Final = HeaderMatcher(":method", TextMatcher(TextTest.EXACT, "POST"), invert=True)


def incompatible_requests(
    world: World, listener: Listener, action: ForwardAction, match: RequestMatch
) -> Iterator[RequestMatch]:
    """The matches of a rule's requests that fit none of its target groups. A listener without TLS speaks HTTP/1.1
    alone, and has groups with the version HTTP1 alone.
    """
    if not listener.protocol.is_encrypted:
        return
    groups = (world.target_groups.get(weighted.group) for weighted in action.groups)
    versions = {group.protocol_version for group in groups if group is not None}
    if versions == {ProtocolVersion.HTTP1}:
        yield replace(match, grpc=True)
    elif versions and ProtocolVersion.HTTP1 not in versions:
        yield replace(match, http1=True)
    if versions == {ProtocolVersion.GRPC}:
        yield replace(match, headers=(*match.headers, _NO_POST))
