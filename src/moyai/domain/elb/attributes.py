"""The attributes of load balancers, listeners and target groups, with AWS's defaults.

Promise: ``attributes_of`` lists all that AWS lists for such a record, so that Terraform sees no difference; an
attribute is read as ``IDLE_TIMEOUT.of(load_balancer)``.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html,
API_ListenerAttribute.html, API_TargetGroupAttribute.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.elb.attribute import Choice, CookieName, ElbAttribute, IntegerRange, Switch, Text, switch
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType, Scheme
from moyai.domain.elb.log_attributes import ACCESS_LOGS, CONNECTION_LOGS, HEALTH_CHECK_LOGS
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.elb.target_group import TargetGroup, TargetProtocol, TargetType

AnyAttribute = ElbAttribute[Any]

_NO_ZONES: Final = "no load balancer fails over between zones here"
_NO_MTLS: Final = "there is no mutual TLS"
_NO_HEADERS: Final = "the header is passed on as the target sent it"
_ALWAYS_CROSS_ZONE: Final = "an application load balancer always balances across zones"
_WEEK: Final = 604800

DELETION_PROTECTION = switch("deletion_protection.enabled")
APPLICATION_CROSS_ZONE = switch("load_balancing.cross_zone.enabled", default=True, refused=_ALWAYS_CROSS_ZONE)
NETWORK_CROSS_ZONE = switch("load_balancing.cross_zone.enabled")

IDLE_TIMEOUT = ElbAttribute("idle_timeout.timeout_seconds", IntegerRange(1, 4000), "60")
CLIENT_KEEP_ALIVE = ElbAttribute("client_keep_alive.seconds", IntegerRange(60, _WEEK), "3600")
DESYNC_MITIGATION = ElbAttribute(
    "routing.http.desync_mitigation_mode",
    Choice(("monitor", "defensive", "strictest")),
    "defensive",
    "Envoy refuses every ambiguous request",
    ("strictest",),
)
DROP_INVALID_HEADERS = switch("routing.http.drop_invalid_header_fields.enabled")
PRESERVE_HOST = switch("routing.http.preserve_host_header.enabled")
"""Without an effect: targets get the host as the client sent it."""
XFF_CLIENT_PORT = switch("routing.http.xff_client_port.enabled")
XFF_MODE = ElbAttribute("routing.http.xff_header_processing.mode", Choice(("append", "preserve", "remove")), "append")
HTTP2 = switch("routing.http2.enabled", default=True)

TCP_IDLE_TIMEOUT = ElbAttribute("tcp.idle_timeout.seconds", IntegerRange(60, 6000), "350")
SERVER_HEADER = switch("routing.http.response.server.enabled", default=True, refused=_NO_HEADERS)

DEREGISTRATION_DELAY = ElbAttribute("deregistration_delay.timeout_seconds", IntegerRange(0, 3600), "300")
STICKINESS = switch("stickiness.enabled")
APPLICATION_STICKINESS = ElbAttribute("stickiness.type", Choice(("lb_cookie", "app_cookie")), "lb_cookie")
NETWORK_STICKINESS = ElbAttribute("stickiness.type", Choice(("source_ip",)), "source_ip")
_CROSS_ZONE: Final = Choice(("true", "false", "use_load_balancer_configuration"))
APPLICATION_GROUP_CROSS_ZONE = ElbAttribute(
    "load_balancing.cross_zone.enabled", _CROSS_ZONE, "use_load_balancer_configuration", _ALWAYS_CROSS_ZONE, ("true",)
)
GROUP_CROSS_ZONE = ElbAttribute(
    "load_balancing.cross_zone.enabled",
    _CROSS_ZONE,
    "use_load_balancer_configuration",
)
FAIL_OPEN_COUNT = ElbAttribute(
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
    IntegerRange(1, 1000),
    "1",
    "the minimum is one healthy target, or a percentage",
)
FAIL_OPEN_PERCENTAGE = ElbAttribute(
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
    Choice(("off", *map(str, range(1, 101)))),
    "off",
)
ALGORITHM = ElbAttribute(
    "load_balancing.algorithm.type",
    Choice(("round_robin", "least_outstanding_requests", "weighted_random")),
    "round_robin",
)
ANOMALY_MITIGATION = ElbAttribute("load_balancing.algorithm.anomaly_mitigation", Choice(("on", "off")), "off")
SLOW_START = ElbAttribute("slow_start.duration_seconds", IntegerRange(30, 900, or_zero=True), "0")
LB_COOKIE_DURATION = ElbAttribute("stickiness.lb_cookie.duration_seconds", IntegerRange(1, _WEEK), "86400")
APP_COOKIE_NAME = ElbAttribute("stickiness.app_cookie.cookie_name", CookieName(), "")
APP_COOKIE_DURATION = ElbAttribute(
    "stickiness.app_cookie.duration_seconds",
    IntegerRange(1, _WEEK),
    "86400",
    "a session lasts as long as its cookie, a week",
)
CONNECTION_TERMINATION = ElbAttribute(
    "deregistration_delay.connection_termination.enabled",
    Switch(),
    lambda group: _text(group.protocol in {TargetProtocol.UDP, TargetProtocol.TCP_UDP}),
    "connections last as long as their target, at most the delay",
)
PRESERVE_CLIENT_IP = ElbAttribute(
    "preserve_client_ip.enabled",
    Switch(),
    lambda group: _text(
        not (group.target_type is TargetType.IP and group.protocol in {TargetProtocol.TCP, TargetProtocol.TLS})
    ),
)
PROXY_PROTOCOL = switch("proxy_protocol_v2.enabled")
UNHEALTHY_TERMINATION = switch("target_health_state.unhealthy.connection_termination.enabled", default=True)


def _text(value: bool) -> str:  # noqa: FBT001 (a value, as the API has it)
    return "true" if value else "false"


_EVERY_LOAD_BALANCER: Final[tuple[AnyAttribute, ...]] = (
    *ACCESS_LOGS,
    ElbAttribute(
        "ipv6.deny_all_igw_traffic",
        Switch(),
        lambda balancer: _text(balancer.scheme is Scheme.INTERNAL),
        "IPv6 stays within its VPC",
    ),
    switch("zonal_shift.config.enabled", refused=_NO_ZONES),
)
_APPLICATION: Final[tuple[AnyAttribute, ...]] = (
    DELETION_PROTECTION,
    APPLICATION_CROSS_ZONE,
    *_EVERY_LOAD_BALANCER,
    IDLE_TIMEOUT,
    CLIENT_KEEP_ALIVE,
    *CONNECTION_LOGS,
    *HEALTH_CHECK_LOGS,
    DESYNC_MITIGATION,
    DROP_INVALID_HEADERS,
    PRESERVE_HOST,
    switch("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", refused="targets get no such headers"),
    switch("routing.http.x_amzn_tls_kx.enabled", refused="targets get no such header"),
    XFF_CLIENT_PORT,
    XFF_MODE,
    HTTP2,
    switch("waf.fail_open.enabled", refused="there is no web application firewall"),
)
_NETWORK: Final[tuple[AnyAttribute, ...]] = (
    DELETION_PROTECTION,
    NETWORK_CROSS_ZONE,
    *_EVERY_LOAD_BALANCER,
    ElbAttribute(
        "dns_record.client_routing_policy",
        Choice(("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity")),
        "any_availability_zone",
        "the name has the addresses of all zones",
    ),
    ElbAttribute("secondary_ips.auto_assigned.per_subnet", IntegerRange(0, 7), "0", "a node has one address"),
)
_RENAMED_HEADERS: Final = (
    "X-Amzn-Mtls-Clientcert-Serial-Number",
    "X-Amzn-Mtls-Clientcert-Issuer",
    "X-Amzn-Mtls-Clientcert-Subject",
    "X-Amzn-Mtls-Clientcert-Validity",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Tls-Version",
    "X-Amzn-Tls-Cipher-Suite",
)
_RESPONSE_HEADERS: Final = (
    "Strict-Transport-Security",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)


def _snake(header: str) -> str:
    return header.lower().replace("-", "_")


RESPONSE_HEADERS: Final[Mapping[str, ElbAttribute[str]]] = MappingProxyType(
    {
        header: ElbAttribute(f"routing.http.response.{_snake(header)}.header_value", Text(), "", _NO_HEADERS)
        for header in _RESPONSE_HEADERS
    }
)
"""The attribute with a response header's value, by header; an empty value leaves the header as it is."""
_APPLICATION_LISTENER: Final[tuple[AnyAttribute, ...]] = (
    *(
        ElbAttribute(f"routing.http.request.{_snake(header)}.header_name", Text(), header, _NO_MTLS)
        for header in _RENAMED_HEADERS
    ),
    SERVER_HEADER,
    *RESPONSE_HEADERS.values(),
)
_EVERY_GROUP: Final[tuple[AnyAttribute, ...]] = (
    ElbAttribute(
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        Choice(("off", *map(str, range(1, 1001)))),
        "1",
        _NO_ZONES,
    ),
    ElbAttribute(
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        Choice(("off", *map(str, range(1, 101)))),
        "off",
        _NO_ZONES,
    ),
    FAIL_OPEN_COUNT,
    FAIL_OPEN_PERCENTAGE,
)
_APPLICATION_GROUP: Final[tuple[AnyAttribute, ...]] = (
    DEREGISTRATION_DELAY,
    STICKINESS,
    APPLICATION_STICKINESS,
    APPLICATION_GROUP_CROSS_ZONE,
    *_EVERY_GROUP,
    ALGORITHM,
    ANOMALY_MITIGATION,
    SLOW_START,
    APP_COOKIE_NAME,
    APP_COOKIE_DURATION,
    LB_COOKIE_DURATION,
)
_RST_STREAM = switch(
    "routing.http2.rst_stream_error_forwarding.enabled", refused="a stream that a target resets ends as an answer 502"
)
_NETWORK_GROUP: Final[tuple[AnyAttribute, ...]] = (
    DEREGISTRATION_DELAY,
    STICKINESS,
    NETWORK_STICKINESS,
    GROUP_CROSS_ZONE,
    *_EVERY_GROUP,
    CONNECTION_TERMINATION,
    PRESERVE_CLIENT_IP,
    PROXY_PROTOCOL,
    UNHEALTHY_TERMINATION,
    ElbAttribute(
        "target_health_state.unhealthy.draining_interval_seconds",
        IntegerRange(0, 360000),
        "0",
        "an unhealthy target gets no new connections at once",
    ),
)


def attributes_of(record: LoadBalancer | Listener | TargetGroup) -> tuple[AnyAttribute, ...]:
    """The attributes that a record has."""
    match record:
        case LoadBalancer():
            return load_balancer_attributes(record.type)
        case Listener():
            return listener_attributes(record.protocol)
        case TargetGroup():
            return target_group_attributes(record.protocol, record.protocol_version)


def attribute_values(record: LoadBalancer | Listener | TargetGroup) -> dict[str, str]:
    """All attributes of a record with their values, by key."""
    return {attribute.key: attribute.text_of(record) for attribute in attributes_of(record)}


def default_texts(attributes: tuple[AnyAttribute, ...]) -> dict[str, str]:
    """The defaults that depend on nothing else of a record, by key."""
    return {attribute.key: attribute.default for attribute in attributes if isinstance(attribute.default, str)}


def load_balancer_attributes(kind: LoadBalancerType) -> tuple[AnyAttribute, ...]:
    """The attributes that a load balancer of this type has."""
    return _APPLICATION if kind == LoadBalancerType.APPLICATION else _NETWORK


def listener_attributes(protocol: ListenerProtocol) -> tuple[AnyAttribute, ...]:
    """The attributes that a listener of this protocol has."""
    if protocol in {ListenerProtocol.HTTP, ListenerProtocol.HTTPS}:
        return _APPLICATION_LISTENER
    return () if protocol is ListenerProtocol.UDP else (TCP_IDLE_TIMEOUT,)


def target_group_attributes(protocol: TargetProtocol, version: str | None) -> tuple[AnyAttribute, ...]:
    """The attributes that a target group of this protocol and protocol version has."""
    if not protocol.is_http:
        return _NETWORK_GROUP
    http2 = version is not None and version != "HTTP1"
    return (*_APPLICATION_GROUP, _RST_STREAM) if http2 else _APPLICATION_GROUP
