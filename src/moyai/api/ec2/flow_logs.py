"""Flow logs. They are only recorded: nothing is delivered, and their delivery status says so.

Refuses: logs of resources other than VPCs and subnets.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, DescribePageRequest, Filter, filter_page
from moyai.api.ec2.subnets import SUBNET
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.keys import client_token_keys
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.errors import IdempotentParameterMismatch, InvalidParameterValue, MissingParameter
from moyai.domain.vpc.not_found import FlowLogNotFound, SubnetNotFound, VpcNotFound
from moyai.domain.vpc.quotas import FLOW_LOGS, FlowLogLimitExceeded
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.vpc.without_effect import NOT_DELIVERED, FlowLog
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import FlowLogId

_INTERVALS: Final = (60, 600)
_FORMAT: Final = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
_LONGEST: Final = 2048
_MOST_RESOURCES: Final = 25
_GROUPS: Final = "cloud-watch-logs"
_TEXTS: Final = ("log_destination", "log_group_name", "deliver_logs_permission_arn", "log_format")


class CreateFlowLogsRequest(ChangeRequest, frozen=True):
    resource_ids: tuple[str, ...]
    resource_type: str
    traffic_type: str | None = None
    log_destination_type: str = _GROUPS
    log_destination: str | None = None
    log_group_name: str | None = None
    deliver_logs_permission_arn: str | None = None
    log_format: str | None = None
    max_aggregation_interval: int = 600
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeFlowLogsRequest(DescribePageRequest, frozen=True):
    flow_log_ids: tuple[str, ...] = ()
    filter: tuple[Filter, ...] = ()


class DeleteFlowLogsRequest(ChangeRequest, frozen=True):
    """The flow logs to delete."""

    flow_log_ids: tuple[str, ...]


def create_flow_logs(ctx: Context, request: CreateFlowLogsRequest) -> dict[str, object]:
    """Record a flow log for each resource."""
    tags = new_tags(request.tag_specifications, "vpc-flow-log")
    _check(ctx, request)
    logs = _earlier_logs(ctx, request)
    if not logs:
        count = len(all_in_scope(ctx.store.world, FlowLog, ctx.scope)) + len(request.resource_ids)
        if count > FLOW_LOGS:
            raise FlowLogLimitExceeded(FLOW_LOGS)
        logs = [
            FlowLog(
                id=FlowLogId(new_id(ctx, "fl")),
                scope=ctx.scope,
                resource=resource,
                created_at=ctx.now,
                traffic_type=request.traffic_type,
                destination_type=request.log_destination_type,
                destination=request.log_destination,
                log_group=request.log_group_name,
                role=request.deliver_logs_permission_arn,
                format=request.log_format,
                interval=request.max_aggregation_interval,
                client_token=request.client_token,
                tags=tags,
            )
            for resource in request.resource_ids
        ]
        commit(ctx, request, *map(Put, logs))
    return {"flow_log_ids": [log.id for log in logs], "client_token": request.client_token, "unsuccessful": []}


def describe_flow_logs(ctx: Context, request: DescribeFlowLogsRequest) -> dict[str, object]:
    """The flow logs of the scope."""
    candidates = all_in_scope(ctx.store.world, FlowLog, ctx.scope)
    page = filter_page(_KIND, candidates, request.flow_log_ids, request, request.filter)
    return {"flow_logs": [_view(item) for item in page.items], "next_token": page.next_token}


def delete_flow_logs(ctx: Context, request: DeleteFlowLogsRequest) -> dict[str, object]:
    """Delete all the flow logs, or none if one does not exist."""
    logs = [resource_of(ctx, FlowLog, each, FlowLogNotFound, "FlowLogId") for each in request.flow_log_ids]
    commit(ctx, request, *(Delete(FlowLog, log.id) for log in logs))
    return {"unsuccessful": []}


def _check(ctx: Context, request: CreateFlowLogsRequest) -> None:
    if request.resource_type not in {"VPC", "Subnet"}:
        raise InvalidParameterValue(f"ResourceType is VPC or Subnet here, not {request.resource_type[:60]}.")
    if not 0 < len(request.resource_ids) <= _MOST_RESOURCES:
        raise MissingParameter(f"Give 1 to {_MOST_RESOURCES} ResourceIds.")
    for resource in request.resource_ids:
        if request.resource_type == "VPC":
            resource_of(ctx, Vpc, resource, VpcNotFound, VPC)
        else:
            resource_of(ctx, Subnet, resource, SubnetNotFound, SUBNET)
    if request.traffic_type not in {"ACCEPT", "REJECT", "ALL"}:
        raise MissingParameter("The request must contain the parameter TrafficType: ACCEPT, REJECT or ALL.")
    if request.log_destination_type not in {_GROUPS, "s3", "kinesis-data-firehose"}:
        raise InvalidParameterValue(f"LogDestinationType {request.log_destination_type[:60]} does not exist.")
    if not (request.log_destination or request.log_group_name):
        raise MissingParameter("The request must contain the parameter LogDestination or LogGroupName.")
    if request.max_aggregation_interval not in _INTERVALS:
        raise InvalidParameterValue("MaxAggregationInterval is 60 or 600.")
    if any(len(getattr(request, name) or "") > _LONGEST for name in _TEXTS):
        raise InvalidParameterValue(f"A value has more than {_LONGEST} characters.")


def _earlier_logs(ctx: Context, request: CreateFlowLogsRequest) -> list[FlowLog]:
    """The flow logs that an earlier request with the same client token has created.

    Raises IdempotentParameterMismatch.
    """
    keys = client_token_keys(ctx.scope, request.client_token)
    logs = [log for key in keys for log in ctx.store.world.flow_logs.by("request", key)]
    if logs and {log.resource for log in logs} != set(request.resource_ids):
        raise IdempotentParameterMismatch("The client token was used with other resources before.")
    return logs


def _view(log: FlowLog) -> dict[str, object]:
    return {
        "flow_log_id": log.id,
        "flow_log_status": "ACTIVE",
        "creation_time": log.created_at,
        "resource_id": log.resource,
        "traffic_type": log.traffic_type,
        "log_destination_type": log.destination_type,
        "log_destination": log.destination,
        "log_group_name": log.log_group,
        "deliver_logs_permission_arn": log.role,
        "deliver_logs_status": "FAILED",
        "deliver_logs_error_message": NOT_DELIVERED,
        "log_format": log.format or _FORMAT,
        "max_aggregation_interval": log.interval,
        "tags": tag_list(log.tags),
    }


_KIND = DescribedKind[FlowLog](
    "flow logs",
    lambda log: log.id,
    MappingProxyType(
        {
            "flow-log-id": lambda f: (f.id,),
            "resource-id": lambda f: (f.resource,),
            "traffic-type": lambda f: (f.traffic_type or "",),
            "log-destination-type": lambda f: (f.destination_type,),
            "log-group-name": lambda f: (f.log_group or "",),
            "deliver-log-status": lambda _: ("FAILED",),
        }
    ),
    FlowLogNotFound,
    lambda log: log.tags,
)
