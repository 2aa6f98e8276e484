"""Names an Express service and its log group, and finds its cluster; ``default`` is created if it does not exist."""

from __future__ import annotations

import re
from typing import Final

from moyai.api.ecs.express.requests import AwsLogsRequest, CreateExpressGatewayServiceRequest, ExpressSettingsRequest
from moyai.api.ecs.lookup import DEFAULT_CLUSTER, NAME, active_cluster, cluster_arn
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.logs.group import LogGroup, group_name
from moyai.kernel.ids import LogGroupArn
from moyai.plan.ingress.express import new_log_group
from moyai.plan.ingress.shared_balancer import managed_creation

STREAM_PREFIX: Final = "ecs"
_SUFFIX_DIGITS: Final = 4
_LONGEST_BASE: Final = 200
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


def express_cluster(ctx: Context, identifier: str | None) -> Cluster:
    """The cluster of a new service; a new one if ``default`` does not exist. Raises ClusterNotFound."""
    key = cluster_arn(ctx.scope, identifier)
    cluster = ctx.store.world.clusters.get(key)
    is_active = cluster is not None and cluster.status is ClusterStatus.ACTIVE
    if not is_active and key == cluster_arn(ctx.scope, DEFAULT_CLUSTER):
        return Cluster(key, DEFAULT_CLUSTER, ctx.now, capacity_providers=("FARGATE",))
    return active_cluster(ctx, identifier)


def express_name(ctx: Context, cluster: Cluster, request: CreateExpressGatewayServiceRequest) -> str:
    """The requested name, or one made from the image's or the cluster's name. Raises InvalidParameter."""
    if request.service_name is not None:
        if not NAME.fullmatch(request.service_name):
            raise InvalidParameter("serviceName must be 1-255 letters, digits, underscores and hyphens.")
        return request.service_name
    container = request.primary_container
    image = cluster.name if container is None else container.image.partition("@")[0].rpartition("/")[2].split(":")[0]
    base = _NOT_IN_A_NAME.sub("-", image).strip("-")[:_LONGEST_BASE] or "service"
    return f"{base}-{ctx.ids.hex(_SUFFIX_DIGITS)}"


def default_logs(ctx: Context, cluster: Cluster, name: str, log_group: LogGroupArn | None = None) -> AwsLogsRequest:
    """The log configuration of a container that has none: the service's log group, or else the name of a new one."""
    if log_group is not None:
        return AwsLogsRequest(group_name(log_group), STREAM_PREFIX)
    return AwsLogsRequest(f"/aws/ecs/{cluster.name}/{name}-{ctx.ids.hex(_SUFFIX_DIGITS)}", STREAM_PREFIX)


def log_group_of(
    ctx: Context, request: ExpressSettingsRequest, logs: AwsLogsRequest, existing: LogGroupArn | None
) -> LogGroup | None:
    """The log group to create for a request; None if its container needs none, or the log group exists."""
    container = request.primary_container
    if container is None or container.aws_logs_configuration is not None or existing is not None:
        return None
    return new_log_group(managed_creation(ctx.scope, ctx.now, ctx.ids), logs.log_group)
