"""The requests of the operations of Express services.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
"""

from __future__ import annotations

import msgspec

from moyai.api.tagging import Tag
from moyai.domain.ecs.environment import ContainerSecret, KeyValuePair
from moyai.domain.ecs.express import ExpressNetwork, ScalingMetric


class AwsLogsRequest(msgspec.Struct, frozen=True):
    log_group: str
    log_stream_prefix: str


class RepositoryCredentialsRequest(msgspec.Struct, frozen=True):
    credentials_parameter: str | None = None


class ContainerRequest(msgspec.Struct, frozen=True):
    image: str
    container_port: int | None = None
    aws_logs_configuration: AwsLogsRequest | None = None
    repository_credentials: RepositoryCredentialsRequest | None = None
    command: tuple[str, ...] | None = None
    environment: tuple[KeyValuePair, ...] = ()
    secrets: tuple[ContainerSecret, ...] | None = None


class ScalingRequest(msgspec.Struct, frozen=True):
    min_task_count: int | None = None
    max_task_count: int | None = None
    auto_scaling_metric: ScalingMetric | None = None
    auto_scaling_target_value: int | None = None


class ExpressSettingsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members of both a creation and an update. None: the default at creation, unchanged in an update."""

    execution_role_arn: str | None = None
    health_check_path: str | None = None
    primary_container: ContainerRequest | None = None
    task_role_arn: str | None = None
    network_configuration: ExpressNetwork | None = None
    cpu: str | None = None
    memory: str | None = None
    cpu_architecture: str | None = None
    scaling_target: ScalingRequest | None = None
    task_definition_arn: str | None = None


class CreateExpressGatewayServiceRequest(ExpressSettingsRequest, frozen=True, kw_only=True):
    infrastructure_role_arn: str
    service_name: str | None = None
    cluster: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateExpressGatewayServiceRequest(ExpressSettingsRequest, frozen=True, kw_only=True):
    service_arn: str


class DescribeExpressGatewayServiceRequest(msgspec.Struct, frozen=True):
    service_arn: str
    include: frozenset[str] = frozenset()


class DeleteExpressGatewayServiceRequest(msgspec.Struct, frozen=True):
    service_arn: str
