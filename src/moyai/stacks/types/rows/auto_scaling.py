"""The resource types of Amazon EC2 Auto Scaling.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_AutoScaling.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids, prop
from moyai.stacks.types.tags import Tagging
from moyai.stacks.types.update_policy import AUTO_SCALING_GROUP, without_unmodified_sizes

_SERVICE: Final = "autoscaling"
_LONGEST_NAME: Final = 255
_GROUP: Final = ids("AutoScalingGroupName")
_MISSING: Final = frozenset({"ValidationError"})
"""The code with which the service says that a group or configuration does not exist."""
_OF_INSTANCES: Final = frozenset({"MetricsCollection", "NotificationConfiguration", "NotificationConfigurations"})
"""The properties of a group that say what is told of its instances. It has none here, so they are not sent."""


def auto_scaling_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``autoscaling``."""
    yield _group()
    yield _launch_configuration()
    yield _lifecycle_hook()
    yield _scaling_policy()
    yield _scheduled_action()


class GroupTags(Tagging, frozen=True):
    """A group's tags, each of which says whether the group's instances get it, too."""

    def change(self, service: str, changing: PhysicalResource, before: Mapping[str, Any]) -> Procedure[None]:
        """Remove and set what differs from the tags in the properties ``before``."""
        former = before.get(self.name) or ()
        wanted = changing.properties.get(self.name) or ()
        keys = {str(tag["Key"]) for tag in wanted}
        absent = [tag for tag in former if str(tag["Key"]) not in keys]
        if absent:
            yield Call(service, self.remove, {"Tags": [_group_tag(changing, tag) for tag in absent]})
        other = [tag for tag in wanted if tag not in former]
        if other:
            yield Call(service, self.add, {"Tags": [_group_tag(changing, tag) for tag in other]})


class AutoScalingGroupType(StackResourceType, frozen=True):
    """A group, whose UpdatePolicy may leave the sizes to scheduled actions."""

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the group, but not the sizes that the template has not changed."""
        former = resource.properties if attempted is None else {**resource.properties, **attempted}
        sent = without_unmodified_sizes(context.update_policy, former, after)
        changed = yield from super().update_steps(resource, sent, context, attempted)
        return replace(changed, properties=after)


def _group_tag(resource: PhysicalResource, tag: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "PropagateAtLaunch": True,
        **tag,
        "ResourceId": resource.id,
        "ResourceType": "auto-scaling-group",
    }


def _attachments(kind: str, member: str) -> Children:
    """The load balancers' target groups or the like that have the group's instances."""

    def members(resource: PhysicalResource, element: Any) -> Properties:  # noqa: ANN401 (an element of a property)
        return {"AutoScalingGroupName": resource.id, member: [element]}

    return Children(f"Attach{kind}", f"Detach{kind}", members, at_creation=False)


def _arrange_group(values: dict[str, Any]) -> dict[str, Any]:
    members = {name: value for name, value in values.items() if name not in _OF_INSTANCES}
    subnets = members.get("VPCZoneIdentifier")
    return {**members, "VPCZoneIdentifier": ",".join(map(str, subnets))} if isinstance(subnets, list) else members


def _group() -> StackResourceType:
    return AutoScalingGroupType(
        AUTO_SCALING_GROUP,
        _SERVICE,
        "CreateAutoScalingGroup",
        "AutoScalingGroupName",
        "DeleteAutoScalingGroup",
        both(_GROUP, lambda _: {"ForceDelete": True}),
        drawn="AutoScalingGroupName",
        rename={"Cooldown": "DefaultCooldown"},
        arrange=_arrange_group,
        arranged=_OF_INSTANCES,
        tagging=GroupTags(
            members=lambda tags: {"Tags": [{"PropagateAtLaunch": True, **tag} for tag in tags]},
            add="CreateOrUpdateTags",
            remove="DeleteTags",
            resource=lambda _: {},
            added=lambda _: {},
            removed=lambda _: {},
        ),
        children={
            "TargetGroupARNs": _attachments("LoadBalancerTargetGroups", "TargetGroupARNs"),
            "LoadBalancerNames": _attachments("LoadBalancers", "LoadBalancerNames"),
        },
        read=Read(
            "DescribeAutoScalingGroups",
            lambda resource: {"AutoScalingGroupNames": [resource.id]},
            "AutoScalingGroups[0]",
        ),
        update="UpdateAutoScalingGroup",
        update_by=_GROUP,
        missing=_MISSING,
    )


def _launch_configuration() -> StackResourceType:
    return StackResourceType(
        "AWS::AutoScaling::LaunchConfiguration",
        _SERVICE,
        "CreateLaunchConfiguration",
        "LaunchConfigurationName",
        "DeleteLaunchConfiguration",
        ids("LaunchConfigurationName"),
        drawn="LaunchConfigurationName",
        rename={"RamDiskId": "RamdiskId"},
        arrange=lambda values: {
            name: {"Enabled": value} if name == "InstanceMonitoring" else value for name, value in values.items()
        },
        read=Read(
            "DescribeLaunchConfigurations",
            lambda resource: {"LaunchConfigurationNames": [resource.id]},
            "LaunchConfigurations[0]",
        ),
        missing=_MISSING,
    )


def _lifecycle_hook() -> StackResourceType:
    of_group = prop("AutoScalingGroupName", "AutoScalingGroupName")
    return StackResourceType(
        "AWS::AutoScaling::LifecycleHook",
        _SERVICE,
        "PutLifecycleHook",
        "LifecycleHookName",
        "DeleteLifecycleHook",
        both(of_group, ids("LifecycleHookName")),
        drawn="LifecycleHookName",
        unique_within=frozenset({"AutoScalingGroupName"}),
        read=Read(
            "DescribeLifecycleHooks",
            both(of_group, lambda resource: {"LifecycleHookNames": [resource.id]}),
            "LifecycleHooks[0]",
        ),
        update="PutLifecycleHook",
        missing=_MISSING,
    )


def _policy_name(resource: PhysicalResource) -> str:
    """The drawn name of a policy, which ends its ARN."""
    return resource.id.rpartition("policyName/")[2]


def _scaling_policy() -> StackResourceType:
    of_group = prop("AutoScalingGroupName", "AutoScalingGroupName")

    def by_name(resource: PhysicalResource) -> Properties:
        return {"PolicyName": _policy_name(resource)}

    return StackResourceType(
        "AWS::AutoScaling::ScalingPolicy",
        _SERVICE,
        "PutScalingPolicy",
        "PolicyARN",
        "DeletePolicy",
        both(of_group, by_name),
        placed=lambda context: {"PolicyName": context.draw_name(_LONGEST_NAME)},
        read=Read(
            "DescribePolicies",
            both(of_group, lambda resource: {"PolicyNames": [_policy_name(resource)]}),
            "ScalingPolicies[0]",
        ),
        attributes={"Arn": "PolicyARN"},
        update="PutScalingPolicy",
        missing=_MISSING,
    )


def _scheduled_action() -> StackResourceType:
    of_group = prop("AutoScalingGroupName", "AutoScalingGroupName")
    return StackResourceType(
        "AWS::AutoScaling::ScheduledAction",
        _SERVICE,
        "PutScheduledUpdateGroupAction",
        "ScheduledActionName",
        "DeleteScheduledAction",
        both(of_group, ids("ScheduledActionName")),
        placed=lambda context: {"ScheduledActionName": context.draw_name(_LONGEST_NAME)},
        read=Read(
            "DescribeScheduledActions",
            both(of_group, lambda resource: {"ScheduledActionNames": [resource.id]}),
            "ScheduledUpdateGroupActions[0]",
        ),
        update="PutScheduledUpdateGroupAction",
        missing=_MISSING,
    )
