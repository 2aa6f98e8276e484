"""The settings of a gateway's load balancers, as requests have them.

Refuses: load balancers without public IPv4, web ACLs, other listeners than HTTPS at port 443, and attributes that load
balancers don't have here.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HostSharedAlbConfiguration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import CanaryHeader
from moyai.domain.elb.attribute import ElbAttribute
from moyai.domain.elb.attributes import DESYNC_MITIGATION, attributes_of
from moyai.domain.elb.load_balancer import DUAL_STACK, IPV4, LoadBalancer, LoadBalancerType, Scheme
from moyai.domain.elb.quotas import LOAD_BALANCERS
from moyai.domain.vpc.vpc import Subnet
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LoadBalancerArn, VpcId

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}", re.ASCII)
_LONGEST_VALUE: Final = 128
_MOST_VALUES: Final = 3
"""With the host, a rule has five values at most, and one more is left for the caller."""


class TrafficHeaderRequest(msgspec.Struct, frozen=True):
    name: str
    values: tuple[str, ...]


class TestRulesRequest(msgspec.Struct, frozen=True):
    header: TrafficHeaderRequest | None = None


class S3Request(msgspec.Struct, frozen=True):
    bucket: str
    prefix: str | None = None


class LogDestinationRequest(msgspec.Struct, frozen=True):
    s3: S3Request | None = None


class AccessLogsRequest(msgspec.Struct, frozen=True):
    destination: LogDestinationRequest | None = None


class UpdateNetworkRequest(msgspec.Struct, frozen=True):
    inbound_security_group: str | None = None


class NetworkRequest(UpdateNetworkRequest, frozen=True):
    subnets: tuple[str, ...] = ()
    ip_address_type: str | None = None


class UpdateAlbRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members of both requests. None: the default at creation, unchanged in an update."""

    network_configuration: UpdateNetworkRequest | None = None
    max_alb_count: int | None = None
    access_logs: AccessLogsRequest | None = None
    http_desync: str | None = None
    test_traffic_rules: TestRulesRequest | None = None


class AlbRequest(UpdateAlbRequest, frozen=True, kw_only=True):
    network_configuration: NetworkRequest | None = None
    scheme: Scheme = Scheme.INTERNET_FACING
    port: int | None = None
    protocol: str | None = None


class ConfigurationRequest(msgspec.Struct, frozen=True):
    host_shared_alb: AlbRequest | None = None


class UpdateConfigurationRequest(msgspec.Struct, frozen=True):
    host_shared_alb: UpdateAlbRequest | None = None


def check_listener(request: AlbRequest) -> None:
    """Raises InvalidParameter for another listener than HTTPS at port 443."""
    if request.port not in {None, 443} or request.protocol not in {None, "HTTPS"}:
        raise InvalidParameter("configuration.hostSharedAlb: a gateway supports only HTTPS at port 443.")


def ip_address_type(request: NetworkRequest | None, subnets: Iterable[Subnet]) -> str:
    """``ipAddressType`` of load balancers in these subnets. Raises InvalidParameter for a type they can't have."""
    wanted = IPV4 if request is None or request.ip_address_type is None else request.ip_address_type
    if wanted not in {IPV4, DUAL_STACK}:
        raise InvalidParameter(
            f"networkConfiguration.ipAddressType: {wanted} is not supported by moyai: clients outside of the VPC use"
            f" IPv4. Use {IPV4} or {DUAL_STACK}."
        )
    if wanted == DUAL_STACK and any(subnet.ipv6 is None for subnet in subnets):
        raise InvalidParameter(f"networkConfiguration.ipAddressType: {wanted} needs subnets with an IPv6 CIDR block.")
    return wanted


def balancer_count(count: int | None, default: int, current: int) -> int:
    """``maxAlbCount``. Raises InvalidParameter for fewer load balancers than the gateway has."""
    wanted = default if count is None else count
    if not 1 <= wanted <= LOAD_BALANCERS:
        raise InvalidParameter(f"maxAlbCount must be between 1 and {LOAD_BALANCERS}.")
    if wanted < current:
        raise InvalidParameter(
            f"maxAlbCount must not be less than {current}, the number of load balancers that the gateway has."
        )
    return wanted


def attributes_after(request: UpdateAlbRequest, current: Mapping[str, str]) -> dict[str, str]:
    """The attributes of load balancers after a request. Raises InvalidParameter for an unsupported value."""
    values = dict(current)
    if request.http_desync is not None:
        values[DESYNC_MITIGATION.key] = request.http_desync
    if request.access_logs is not None:
        destination = request.access_logs.destination
        if destination is None or destination.s3 is None:
            raise InvalidParameter("configuration.hostSharedAlb.accessLogs must have destination.s3.")
        if not destination.s3.bucket:
            raise InvalidParameter("accessLogs.destination.s3.bucket must not be empty.")
        values["access_logs.s3.enabled"] = "true"
        values["access_logs.s3.bucket"] = destination.s3.bucket
        values["access_logs.s3.prefix"] = destination.s3.prefix or ""
    attributes_by_key: dict[str, ElbAttribute[Any]] = {
        attribute.key: attribute for attribute in attributes_of(_BALANCER)
    }
    for key, value in values.items():
        try:
            attributes_by_key[key].values.read(value)
        except ValueError as fault:
            raise InvalidParameter(f"configuration.hostSharedAlb: {key}: {fault}.") from fault
        refusal = attributes_by_key[key].refusal_of(_BALANCER, value)
        if refusal:
            raise InvalidParameter(f"configuration.hostSharedAlb: {key} {value} is not supported by moyai: {refusal}.")
    return values


def traffic_header(request: TestRulesRequest | None, current: CanaryHeader | None) -> CanaryHeader | None:
    """The header of test traffic after a request. Raises InvalidParameter."""
    if request is None:
        return current
    header = request.header
    if header is None:
        raise InvalidParameter("configuration.hostSharedAlb.testTrafficRules must have header.")
    if not _HEADER.fullmatch(header.name):
        raise InvalidParameter(
            f"testTrafficRules.header.name: {header.name[:100]!r} is not the name of an HTTP header."
        )
    if not 1 <= len(header.values) <= _MOST_VALUES:
        raise InvalidParameter(f"testTrafficRules.header.values must have between 1 and {_MOST_VALUES} items.")
    if any(not value.isprintable() or not 1 <= len(value) <= _LONGEST_VALUE for value in header.values):
        raise InvalidParameter(f"testTrafficRules.header.values have 1 to {_LONGEST_VALUE} printable characters each.")
    return CanaryHeader(header.name, header.values)


_BALANCER: Final = LoadBalancer(
    LoadBalancerArn(""),
    "",
    LoadBalancerType.APPLICATION,
    Scheme.INTERNET_FACING,
    VpcId(""),
    (),
    "",
    Instant(0),
)
"""A load balancer without settings, whose attributes have AWS's defaults."""
