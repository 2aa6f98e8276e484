"""The health check of a target group.

Promise: a check of gRPC's health service is one, where 0 is a healthy status. Any other method of gRPC is called, and
healthy when the target answers it, whatever the gRPC status is: Envoy reads none in such a check.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.elb.target_group import ProtocolVersion, TargetGroup, TargetProtocol
from moyai.mesh.ir import ActiveHealthCheck, Protocol, Range

_USER_AGENT: Final = ("user-agent", "ELB-HealthChecker/2.0")
_GRPC_HEADERS: Final = (("content-type", "application/grpc"), ("te", "trailers"))
_GRPC_HEALTH: Final = "/grpc.health.v1.Health/Check"
_ENCRYPTED: Final = frozenset({TargetProtocol.HTTPS, TargetProtocol.TLS})


def health_check(group: TargetGroup, log: str) -> ActiveHealthCheck | None:
    """The check of each target; None if the group has none. ``log``: the path of the file for its events."""
    check = group.health_check
    if not check.enabled:
        return None
    is_grpc = group.protocol_version is ProtocolVersion.GRPC
    codes = tuple(_ranges(check.matcher or ("12" if is_grpc else "200")))
    protocol = _protocol(group, codes)
    is_grpc_call = is_grpc and protocol is Protocol.HTTP2
    return ActiveHealthCheck(
        protocol=protocol,
        interval=check.interval,
        timeout=check.timeout,
        healthy_threshold=check.healthy_threshold,
        unhealthy_threshold=check.unhealthy_threshold,
        path=check.path or "/",
        port=check.port,
        statuses=() if is_grpc or protocol is Protocol.TCP else codes,
        method="POST" if is_grpc_call else "GET",
        headers=(_USER_AGENT, *(_GRPC_HEADERS if is_grpc_call else ())),
        reuses_connections=False,
        differs_in_tls=(check.protocol in _ENCRYPTED) != (group.protocol in _ENCRYPTED),
        log=log,
    )


def _protocol(group: TargetGroup, codes: tuple[Range, ...]) -> Protocol:
    if not group.health_check.protocol.is_http:
        return Protocol.TCP
    match group.protocol_version:
        case ProtocolVersion.GRPC:
            is_health_service = group.health_check.path == _GRPC_HEALTH and any(r.start == 0 for r in codes)
            return Protocol.GRPC if is_health_service else Protocol.HTTP2
        case ProtocolVersion.HTTP2:
            return Protocol.HTTP2
        case _:
            return Protocol.HTTP


def _ranges(matcher: str) -> Iterator[Range]:
    """The ranges of a matcher: ``200``, ``200,202`` or ``200-299``."""
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        yield Range(int(low), int(high or low) + 1)
