"""VPC endpoints and the services that they lead to, and AWS's prefix lists. All of them are records.

Promise: tasks reach moyai's API with or without an endpoint, so none changes what a packet does. A prefix list has no
addresses, because no address of AWS exists here.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId
from moyai.kernel.scope import Scope

_INTERFACES: Final = (
    "acm-pca", "appmesh", "appmesh-envoy-management", "application-autoscaling", "autoscaling", "cloudformation",
    "codedeploy", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
    "elasticfilesystem", "elasticloadbalancing", "events", "execute-api", "kms", "lambda", "logs", "monitoring",
    "s3", "secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "ssmmessages", "sts", "xray",
)  # fmt: skip
_GATEWAYS: Final = ("dynamodb", "s3")
DEFAULT_POLICY: Final = json.dumps(
    {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
"""The policy of an endpoint that is given none."""


class EndpointType(StrEnum):
    """The types of endpoints that moyai has."""

    INTERFACE = "Interface"
    GATEWAY = "Gateway"


class VpcEndpoint(IdRecord, frozen=True, tag="vpc_endpoint"):
    """A VPC endpoint. A gateway endpoint has route tables, an interface endpoint subnets and security groups."""

    id: VpcEndpointId
    scope: Scope
    vpc: VpcId
    type: EndpointType
    service: str
    created_at: Instant
    policy: str = DEFAULT_POLICY
    route_tables: tuple[RouteTableId, ...] = ()
    subnets: tuple[SubnetId, ...] = ()
    security_groups: tuple[SecurityGroupId, ...] = ()
    private_dns: bool = False
    client_token: str | None = None
    tags: Mapping[str, str] = {}


class EndpointService(NamedTuple):
    """A service of AWS that an endpoint can lead to."""

    region: str
    word: str
    types: tuple[EndpointType, ...]

    @property
    def name(self) -> str:
        """The service's name: ``com.amazonaws.us-east-1.ecs``."""
        return f"com.amazonaws.{self.region}.{self.word}"

    @property
    def id(self) -> str:
        """The service's id."""
        return f"vpce-svc-{sha256(self.name.encode()).hexdigest()[:17]}"

    @property
    def host(self) -> str:
        """The host name that an interface endpoint stands for."""
        return ".".join((*reversed(self.word.split(".")), self.region, "amazonaws.com"))


def endpoint_services(region: str) -> tuple[EndpointService, ...]:
    """The services of a region, in the order of their names."""
    gateways = dict.fromkeys(_GATEWAYS, (EndpointType.GATEWAY,))
    interfaces = {word: (*gateways.get(word, ()), EndpointType.INTERFACE) for word in _INTERFACES}
    return tuple(EndpointService(region, word, types) for word, types in sorted((gateways | interfaces).items()))


def prefix_lists(region: str) -> Mapping[str, str]:
    """The name of each prefix list of AWS in a region, by its id."""
    names = (f"com.amazonaws.{region}.{word}" for word in _GATEWAYS)
    return {f"pl-{sha256(name.encode()).hexdigest()[:8]}": name for name in names}
