"""The resource types of AWS Cloud Map and Application Auto Scaling.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Properties, Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids, prop
from moyai.stacks.types.tags import arn_tags

_TARGET: Final = ("ResourceId", "ScalableDimension", "ServiceNamespace")
"""The members that identify a scalable target, in the order of its physical id."""
_BY_ARN: Final = arn_tags(lambda resource: {"ResourceARN": resource.attributes["Arn"]})


def service_rows() -> Iterator[StackResourceType]:
    """The rows of Cloud Map and Application Auto Scaling."""
    yield from _cloud_map_rows()
    yield from _scaling_rows()


def _cloud_map_rows() -> Iterator[StackResourceType]:
    for kind in ("Http", "PrivateDns", "PublicDns"):
        yield StackResourceType(
            f"AWS::ServiceDiscovery::{kind}Namespace",
            "servicediscovery",
            f"Create{kind}Namespace",
            "Id",
            "DeleteNamespace",
            ids("Id"),
            operation_target="Targets.NAMESPACE",
            idempotency_member="CreatorRequestId",
            cleared={"Description": ""},
            tagging=_BY_ARN,
            read=Read("GetNamespace", ids("Id"), "Namespace"),
            attributes={"HostedZoneId": "Properties.DnsProperties.HostedZoneId"},
            update=f"Update{kind}Namespace",
            update_wrapper="Namespace",
            missing=frozenset({"NamespaceNotFound"}),
        )
    yield _service_row()
    yield _instance()


def _scaling_rows() -> Iterator[StackResourceType]:
    yield _scalable_target_row()
    yield _scaling_policy()


def _scalable_target(resource: PhysicalResource) -> Properties:
    return dict(zip(_TARGET, resource.id.split("|"), strict=True))


def _target_of_policy(properties: Properties) -> dict[str, Any]:
    if "ScalingTargetId" in properties:
        return dict(zip(_TARGET, str(properties["ScalingTargetId"]).split("|"), strict=True))
    return {name: properties[name] for name in _TARGET if name in properties}


def _service_row() -> StackResourceType:
    return StackResourceType(
        "AWS::ServiceDiscovery::Service",
        "servicediscovery",
        "CreateService",
        "Service.Id",
        "DeleteService",
        ids("Id"),
        name_property="Name",
        unique_within=frozenset({"NamespaceId"}),
        longest_name=64,
        idempotency_member="CreatorRequestId",
        tagging=_BY_ARN,
        read=Read("GetService", ids("Id"), "Service"),
        update="UpdateService",
        update_wrapper="Service",
        missing=frozenset({"ServiceNotFound"}),
    )


def _instance() -> StackResourceType:
    identifiers = both(prop("ServiceId", "ServiceId"), ids("InstanceId"))
    return StackResourceType(
        "AWS::ServiceDiscovery::Instance",
        "servicediscovery",
        "RegisterInstance",
        "InstanceId",
        "DeregisterInstance",
        identifiers,
        name_property="InstanceId",
        unique_within=frozenset({"ServiceId"}),
        longest_name=64,
        rename={"InstanceAttributes": "Attributes"},
        operation_target="Targets.INSTANCE",
        read_existing=lambda _: Read("GetInstance", identifiers, "Instance"),
        read=Read("GetInstance", identifiers, "Instance"),
        update="RegisterInstance",
        missing=frozenset({"InstanceNotFound", "ServiceNotFound"}),
    )


def _scalable_target_read() -> Read:
    def members(resource: PhysicalResource) -> Properties:
        same = {name: resource.properties[name] for name in ("ScalableDimension", "ServiceNamespace")}
        return {**same, "ResourceIds": [resource.properties["ResourceId"]]}

    return Read("DescribeScalableTargets", members, "ScalableTargets[0]")


def _scaling_policy_read() -> Read:
    return Read(
        "DescribeScalingPolicies",
        lambda resource: {
            **_target_of_policy(resource.properties),
            "PolicyNames": [resource.properties["PolicyName"]],
        },
        "ScalingPolicies[0]",
    )


def _scalable_target_row() -> StackResourceType:
    return StackResourceType(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "application-autoscaling",
        "RegisterScalableTarget",
        "join('|', [ResourceId, ScalableDimension, ServiceNamespace])",
        "DeregisterScalableTarget",
        _scalable_target,
        children={
            "ScheduledActions": Children(
                "PutScheduledAction",
                "DeleteScheduledAction",
                lambda resource, action: {**_scalable_target(resource), **action},
                remove_input=lambda resource, action: {
                    **_scalable_target(resource),
                    "ScheduledActionName": action["ScheduledActionName"],
                },
                absent=frozenset({"ObjectNotFoundException"}),
            )
        },
        read_existing=lambda _: _scalable_target_read(),
        read=_scalable_target_read(),
        update="RegisterScalableTarget",
        derive=lambda resource: {"Id": resource.id},
        missing=frozenset({"ObjectNotFoundException"}),
    )


def _scaling_policy() -> StackResourceType:
    return StackResourceType(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "application-autoscaling",
        "PutScalingPolicy",
        "PolicyARN",
        "DeleteScalingPolicy",
        lambda resource: {"PolicyName": resource.properties["PolicyName"], **_target_of_policy(resource.properties)},
        arrange=lambda values: {
            **{name: value for name, value in values.items() if name != "ScalingTargetId"},
            **_target_of_policy(values),
        },
        arranged=frozenset({"ScalingTargetId"}),
        name_property="PolicyName",
        unique_within=frozenset({"ScalingTargetId", *_TARGET}),
        read_existing=lambda _: _scaling_policy_read(),
        read=_scaling_policy_read(),
        update="PutScalingPolicy",
        derive=lambda resource: {"Arn": resource.id},
        missing=frozenset({"ObjectNotFoundException"}),
    )
