"""Checks that the attributes of a record do not exclude each other.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
"""

from __future__ import annotations

from typing import Final

from moyai.domain.elb.attributes import (
    ALGORITHM,
    ANOMALY_MITIGATION,
    APP_COOKIE_NAME,
    APPLICATION_STICKINESS,
    PRESERVE_CLIENT_IP,
    SLOW_START,
    STICKINESS,
)
from moyai.domain.elb.errors import InvalidConfigurationRequest
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.log_attributes import ACCESS_LOGS, CONNECTION_LOGS
from moyai.domain.elb.rule import Listener
from moyai.domain.elb.target_group import IPV6, TargetGroup, TargetProtocol

_RESERVED: Final = ("AWSALB",)
_DATAGRAMS: Final = frozenset({TargetProtocol.UDP, TargetProtocol.TCP_UDP})


def check_together(record: LoadBalancer | Listener | TargetGroup) -> None:
    """Raises InvalidConfigurationRequest where the attributes of a record exclude each other."""
    if isinstance(record, LoadBalancer):
        _check_logs(record)
    if isinstance(record, TargetGroup) and record.protocol.is_http:
        _check_target_group(record)
    if isinstance(record, TargetGroup) and record.protocol in _DATAGRAMS and not PRESERVE_CLIENT_IP.of(record):
        raise InvalidConfigurationRequest(
            f"'{PRESERVE_CLIENT_IP.key}' must be true with the protocol '{record.protocol}'"
        )
    if isinstance(record, TargetGroup) and record.ip_address_type == IPV6 and PRESERVE_CLIENT_IP.of(record):
        raise InvalidConfigurationRequest(
            f"'{PRESERVE_CLIENT_IP.key}' can't be true with the IP address type '{IPV6}' in moyai"
        )


def _check_logs(balancer: LoadBalancer) -> None:
    for logs in (ACCESS_LOGS, CONNECTION_LOGS):
        if logs.enabled.of(balancer) and not logs.bucket.of(balancer):
            raise InvalidConfigurationRequest(f"'{logs.enabled.key}' needs '{logs.bucket.key}'")


def _check_target_group(record: TargetGroup) -> None:
    algorithm = ALGORITHM.of(record)
    if SLOW_START.of(record) and algorithm != "round_robin":
        raise InvalidConfigurationRequest(f"Slow start is not possible with the algorithm '{algorithm}'")
    if ANOMALY_MITIGATION.of(record) == "on" and algorithm != "weighted_random":
        raise InvalidConfigurationRequest("Anomaly mitigation is possible with the algorithm 'weighted_random' only")
    name = APP_COOKIE_NAME.of(record)
    if name.upper().startswith(_RESERVED):
        raise InvalidConfigurationRequest(f"The cookie name '{name}' is reserved for the load balancer")
    if STICKINESS.of(record) and APPLICATION_STICKINESS.of(record) == "app_cookie" and not name:
        raise InvalidConfigurationRequest(f"Stickiness by an application's cookie needs '{APP_COOKIE_NAME.key}'")
