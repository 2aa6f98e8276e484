"""Target groups, and the targets that are registered in them.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html, API_TargetHealth.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TargetGroupArn, TaskArn, VpcId

IPV4: Final = "ipv4"
IPV6: Final = "ipv6"


class TargetType(StrEnum):
    """The kind of a target's id: an address, an EC2 instance, or a load balancer's ARN."""

    IP = "ip"
    INSTANCE = "instance"
    ALB = "alb"


class TargetProtocol(StrEnum):
    """The protocol between a load balancer and its targets."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    TLS = "TLS"
    UDP = "UDP"
    TCP_UDP = "TCP_UDP"

    @property
    def is_http(self) -> bool:
        """Whether an application load balancer can use it."""
        return self in {TargetProtocol.HTTP, TargetProtocol.HTTPS}


class ProtocolVersion(StrEnum):
    """The HTTP version that targets get."""

    HTTP1 = "HTTP1"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"


class TargetHealthCheck(msgspec.Struct, frozen=True):
    """The health check of a target group; times in seconds, thresholds in results in a row."""

    protocol: TargetProtocol
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
    enabled: bool = True
    port: int | None = None
    """None = ``traffic-port``, each target's own."""
    path: str | None = None
    """None with a check that only connects."""
    matcher: str | None = None
    """The statuses of HTTP, or of gRPC, that are healthy: ``200``, ``200,202`` or ``200-299``."""


class TargetGroup(ArnRecord, frozen=True, tag="target_group"):
    """A target group of one account and region."""

    arn: TargetGroupArn
    name: str
    target_type: TargetType
    protocol: TargetProtocol
    port: int
    """The port of targets that are registered without one."""
    vpc: VpcId
    health_check: TargetHealthCheck
    created_at: Instant
    protocol_version: ProtocolVersion | None = None
    """None without HTTP."""
    ip_address_type: str = IPV4
    """The addresses at which targets are called: ``ipv4`` or ``ipv6``."""
    attributes: Mapping[str, str] = {}
    """The values that were set, by AWS's keys; the others have their defaults (``attributes.py``)."""
    tags: Mapping[str, str] = {}

    @property
    def dimension(self) -> str:
        """The value of the dimension ``TargetGroup``: ``targetgroup/<name>/<id>``, the end of the ARN."""
        return self.arn.rpartition(":")[2]


class TargetState(StrEnum):
    """The health of a target, as DescribeTargetHealth has it."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"


class TargetHealth(msgspec.Struct, frozen=True):
    """The observed state of a target; ``reason`` is AWS's code, None for a healthy one."""

    state: TargetState
    reason: str | None = None
    description: str | None = None


REGISTRATION_IN_PROGRESS = TargetHealth(
    TargetState.INITIAL, "Elb.RegistrationInProgress", "Target registration is in progress"
)
INITIAL_HEALTH_CHECKING = TargetHealth(
    TargetState.INITIAL, "Elb.InitialHealthChecking", "Initial health checks in progress"
)
NOT_IN_USE = TargetHealth(
    TargetState.UNUSED,
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
ZONE_NOT_ENABLED = TargetHealth(
    TargetState.UNUSED,
    "Target.NotInUse",
    "Target is in an Availability Zone that is not enabled for the load balancer",
)
DEREGISTRATION_IN_PROGRESS = TargetHealth(
    TargetState.DRAINING, "Target.DeregistrationInProgress", "Target deregistration is in progress"
)
NOT_REGISTERED = TargetHealth(
    TargetState.UNUSED, "Target.NotRegistered", "Target is not registered to the target group"
)
HEALTH_CHECK_DISABLED = TargetHealth(
    TargetState.UNAVAILABLE, "Target.HealthCheckDisabled", "Health checks are not enabled for this target"
)


class Target(StoredRecord, frozen=True, tag="target"):
    """A target that is registered in a group, or still draining after it was deregistered. It stays on record until no
    proxy sends to it any more and its requests have ended.
    """

    group: TargetGroupArn
    id: str
    """The registered id, of the group's target type: an address, an instance's id, a load balancer's ARN."""
    port: int
    address: str
    """The IP address at which it is called."""
    zone: str
    """The availability zone of the address; ``all`` for one outside of the VPC."""
    registered_at: Instant
    deregistered_at: Instant | None = None
    """Since when it drains."""
    unrouted_since: Instant | None = None
    """Since when the front proxy was observed to send it nothing new."""
    task: TaskArn | None = None
    """The task that moyai registered; None for a target that a client registered."""
    health: TargetHealth = REGISTRATION_IN_PROGRESS
    """The health that was last observed."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return target_key(self.group, self.id, self.port)


def target_key(group: TargetGroupArn, identity: str, port: int) -> str:
    """The key of a target of a group."""
    return f"{group} {identity} {port}"
