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
"""The service's error code for a group or configuration that does not exist."""
_INSTANCE_REPORTS: Final = frozenset({"MetricsCollection", "NotificationConfiguration", "NotificationConfigurations"})
"""A group's properties for metrics and notifications of its instances. It has none here, so they are not sent."""


def auto_scaling_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``autoscaling``."""
    yield _group()
    yield _launch_configuration()
    yield _lifecycle_hook()
    yield _scaling_policy()
    yield _scheduled_action()


class GroupTags(Tagging, frozen=True):
    """A group's tags, each with PropagateAtLaunch: whether the group's instances get it as well."""

    def change(self, service: str, changing: PhysicalResource, before: Mapping[str, Any]) -> Procedure[None]:
        """Remove and set the tags that differ from those in the properties ``before``."""
        former_tags = before.get(self.name) or ()
        wanted_tags = changing.properties.get(self.name) or ()
        keys = {str(tag["Key"]) for tag in wanted_tags}
        absent_tags = [tag for tag in former_tags if str(tag["Key"]) not in keys]
        if absent_tags:
            yield Call(service, self.remove, {"Tags": [_group_tag(changing, tag) for tag in absent_tags]})
        changed_tags = [tag for tag in wanted_tags if tag not in former_tags]
        if changed_tags:
            yield Call(service, self.add, {"Tags": [_group_tag(changing, tag) for tag in changed_tags]})


class AutoScalingGroupType(StackResourceType, frozen=True):
    """A group, whose UpdatePolicy may leave its sizes to scheduled actions."""

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the group, but not the sizes that its UpdatePolicy leaves to scheduled actions."""
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
    """The load balancers or target groups that the group's instances are registered with."""

    def members(resource: PhysicalResource, element: Any) -> Properties:  # noqa: ANN401 (an element of a property)
        return {"AutoScalingGroupName": resource.id, member: [element]}

    return Children(f"Attach{kind}", f"Detach{kind}", members, at_creation=False)


def _arrange_group(values: dict[str, Any]) -> dict[str, Any]:
    members = {name: value for name, value in values.items() if name not in _INSTANCE_REPORTS}
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
        name_property="AutoScalingGroupName",
        rename={"Cooldown": "DefaultCooldown"},
        arrange=_arrange_group,
        arranged=_INSTANCE_REPORTS,
        tagging=GroupTags(
            members=lambda tags: {"Tags": [{"PropagateAtLaunch": True, **tag} for tag in tags]},
            add="CreateOrUpdateTags",
            remove="DeleteTags",
            resource=lambda _: {},
            add_input=lambda _: {},
            remove_input=lambda _: {},
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
        name_property="LaunchConfigurationName",
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
        name_property="LifecycleHookName",
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
    """The generated name of a policy, the end of its ARN."""
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
        context_members=lambda context: {"PolicyName": context.generate_name(_LONGEST_NAME)},
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
        context_members=lambda context: {"ScheduledActionName": context.generate_name(_LONGEST_NAME)},
        read=Read(
            "DescribeScheduledActions",
            both(of_group, lambda resource: {"ScheduledActionNames": [resource.id]}),
            "ScheduledUpdateGroupActions[0]",
        ),
        update="PutScheduledUpdateGroupAction",
        missing=_MISSING,
    )
