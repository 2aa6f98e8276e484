"""The health check of a target group: AWS's defaults for its protocol, and what may be set.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.elb.target_group import ProtocolVersion, TargetHealthCheck, TargetProtocol, TargetType
from moyai.kernel.errors import InvalidInput

_TRAFFIC_PORT: Final = "traffic-port"
_RANGES: Final = re.compile(r"\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*", re.ASCII)
_MAX_PORT: Final = 65535
_MAX_MATCHER: Final = 255
_PORT_DIGITS: Final = 5
_CHECKS: Final = frozenset({TargetProtocol.HTTP, TargetProtocol.HTTPS, TargetProtocol.TCP})


class Matcher(msgspec.Struct, frozen=True):
    """The statuses of healthy answers, of HTTP or of gRPC."""

    http_code: str | None = None
    grpc_code: str | None = None


class HealthCheckSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a request that are about the health check; None = unchanged, or the default."""

    health_check_protocol: str | None = None
    health_check_port: str | None = None
    health_check_enabled: bool | None = None
    health_check_path: str | None = None
    health_check_interval_seconds: int | None = None
    health_check_timeout_seconds: int | None = None
    healthy_threshold_count: int | None = None
    unhealthy_threshold_count: int | None = None
    matcher: Matcher | None = None


class CheckedGroup(msgspec.Struct, frozen=True):
    """The properties of a target group on which its health check depends."""

    protocol: TargetProtocol
    version: ProtocolVersion | None
    target_type: TargetType


def new_health_check(group: CheckedGroup, request: HealthCheckSettings) -> TargetHealthCheck:
    """The health check of a new target group. Raises InvalidInput."""
    default = TargetProtocol.HTTP if _is_http(group) else TargetProtocol.TCP
    protocol = _protocol(group, request.health_check_protocol, default)
    return _with_settings(group, _defaults(group, protocol), request)


def changed_health_check(
    group: CheckedGroup, current: TargetHealthCheck, request: HealthCheckSettings
) -> TargetHealthCheck:
    """The health check after a change of it. Another protocol brings its own path and matcher. Raises InvalidInput."""
    protocol = _protocol(group, request.health_check_protocol, current.protocol)
    if (protocol is TargetProtocol.TCP) is not (current.protocol is TargetProtocol.TCP):
        defaults = _defaults(group, protocol)
        current = replace(current, path=defaults.path, matcher=defaults.matcher)
    return _with_settings(group, replace(current, protocol=protocol), request)


def _defaults(group: CheckedGroup, protocol: TargetProtocol) -> TargetHealthCheck:
    if protocol is TargetProtocol.TCP:
        return TargetHealthCheck(protocol, interval=30, timeout=10, healthy_threshold=5, unhealthy_threshold=2)
    if group.version is ProtocolVersion.GRPC:
        path, matcher = "/AWS.ALB/healthcheck", "12"
    else:
        path, matcher = "/", "200" if group.protocol.is_http else "200-399"
    timeout = 5 if group.protocol.is_http else 6
    return TargetHealthCheck(protocol, 30, timeout, 5, 2, path=path, matcher=matcher)


def _protocol(group: CheckedGroup, text: str | None, default: TargetProtocol) -> TargetProtocol:
    if text is None:
        return default
    possible = sorted(_CHECKS - {TargetProtocol.TCP} if _is_http(group) else _CHECKS)
    if text not in possible:
        raise InvalidInput(f"Health check protocol '{text}' must be one of '{', '.join(possible)}'")
    return TargetProtocol(text)


def _is_http(group: CheckedGroup) -> bool:
    return group.protocol.is_http or group.target_type is TargetType.ALB


def _with_settings(group: CheckedGroup, check: TargetHealthCheck, request: HealthCheckSettings) -> TargetHealthCheck:
    if request.health_check_enabled is False:
        raise InvalidInput(
            f"Health check enabled must be true for target groups with target type '{group.target_type}'"
        )
    if check.protocol is TargetProtocol.TCP and (request.matcher is not None or request.health_check_path is not None):
        what = "matchers" if request.matcher is not None else "paths"
        raise InvalidInput(f"Custom health check {what} are not supported for health checks with TCP protocol")
    settings = {
        "interval": request.health_check_interval_seconds,
        "timeout": request.health_check_timeout_seconds,
        "healthy_threshold": request.healthy_threshold_count,
        "unhealthy_threshold": request.unhealthy_threshold_count,
        "path": _path(request.health_check_path),
        "matcher": _matcher(group, request.matcher),
    }
    check = replace(check, **{name: value for name, value in settings.items() if value is not None})
    if request.health_check_port is not None:
        check = replace(check, port=_port(request.health_check_port))
    longest, bound = (check.interval - 1, "be smaller") if _is_http(group) else (check.interval, "not be greater")
    if check.timeout > longest:
        raise InvalidInput(f"Health check timeout '{check.timeout}' must {bound} than the interval '{check.interval}'")
    return check


def _path(path: str | None) -> str | None:
    if path is not None and not path.startswith("/"):
        raise InvalidInput(f"Health check path '{path[:100]}' must begin with a '/' character")
    if path is not None and not (path.isascii() and path.isprintable() and " " not in path):
        raise InvalidInput(f"Health check path {path[:100]!r} has characters that a request's path can't have")
    return path


def _port(text: str) -> int | None:
    if text == _TRAFFIC_PORT:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _PORT_DIGITS else 0
    if not 1 <= number <= _MAX_PORT:
        raise InvalidInput(f"Health check port '{text[:100]}' must be '{_TRAFFIC_PORT}' or in the range 1 to 65535")
    return number


def _matcher(group: CheckedGroup, request: Matcher | None) -> str | None:
    if request is None:
        return None
    is_grpc = group.version is ProtocolVersion.GRPC
    codes = request.grpc_code if is_grpc else request.http_code
    if (request.http_code is None) is (request.grpc_code is None) or codes is None:
        name = "GrpcCode" if is_grpc else "HttpCode"
        raise InvalidInput(f"Matcher: this target group's health check has a {name}, and no other code")
    low, high = (0, 99) if is_grpc else (200, 499 if group.protocol.is_http else 599)
    if len(codes) > _MAX_MATCHER or not _RANGES.fullmatch(codes):
        raise InvalidInput(f"Health check matcher '{codes[:100]}' must be a list of codes and ranges: '200,202-299'")
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if not low <= int(first) <= int(last or first) <= high:
            raise InvalidInput(f"Health check matcher code '{part}' must be within '{low}-{high}'")
    return codes
