"""The attribute UpdatePolicy of resources.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.stacks.types.calls import Properties, changed_properties
from moyai.stacks.types.resource_type import StackResourceType

AUTO_SCALING_GROUP: Final = "AWS::AutoScaling::AutoScalingGroup"
_REPLACING: Final = "AutoScalingReplacingUpdate"
_ROLLING: Final = "AutoScalingRollingUpdate"
_SCHEDULED: Final = "AutoScalingScheduledAction"
_RESHARDING: Final = "UseOnlineResharding"
_MEMBERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        _REPLACING: frozenset({"WillReplace"}),
        _ROLLING: frozenset(
            {
                "MaxBatchSize",
                "MinActiveInstancesPercent",
                "MinInstancesInService",
                "MinSuccessfulInstancesPercent",
                "PauseTime",
                "SuspendProcesses",
                "WaitOnResourceSignals",
            }
        ),
        _SCHEDULED: frozenset({"IgnoreUnmodifiedGroupSizeProperties"}),
    }
)
"""The members of the supported policies. Groups have no instances here, so that those of a rolling update have no
effect.
"""
_POLICIES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        AUTO_SCALING_GROUP: frozenset({_REPLACING, _ROLLING, _SCHEDULED}),
        "AWS::ElastiCache::ReplicationGroup": frozenset({_RESHARDING}),
        "AWS::Lambda::Alias": frozenset({"CodeDeployLambdaAliasUpdate"}),
    }
)
"""The policies that a type has on AWS."""
_SIZES: Final = frozenset({"DesiredCapacity", "MaxSize", "MinSize"})
_INSTANCE_PROPERTIES: Final = frozenset(
    {"LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "PlacementGroup", "VPCZoneIdentifier"}
)
"""The properties of a group whose change replaces its instances."""


def update_policy_complaint(kind: str, policy: Mapping[str, Any]) -> str | None:
    """Why a resource of the type ``kind`` can't have this UpdatePolicy; None when it can."""
    for name, members in policy.items():
        if name not in _POLICIES.get(kind, ()):
            return f"{kind} has no UpdatePolicy {name}"
        if name == _RESHARDING:
            continue  # no effect, because moyai's replication groups have no data that shards could exchange
        if name not in _MEMBERS:
            return f"moyai does not support the UpdatePolicy {name}"
        unknown = sorted(set(members) - _MEMBERS[name]) if isinstance(members, Mapping) else [str(members)]
        if unknown:
            return f"the UpdatePolicy {name} has no {', '.join(unknown)}"
    return None


def replaced_properties(
    kind: StackResourceType, policy: Mapping[str, Any], before: Properties, after: Properties
) -> frozenset[str]:
    """The changed properties that the resource is replaced for, because of its type or its UpdatePolicy."""
    by_policy = changed_properties(before, after) & _INSTANCE_PROPERTIES if _will_replace(policy) else frozenset()
    return kind.must_replace(before, after) | by_policy


def without_unmodified_sizes(policy: Mapping[str, Any], before: Properties, after: Properties) -> Properties:
    """The properties ``after`` of a group, without the sizes that the template has not changed if its UpdatePolicy
    leaves these to scheduled actions.
    """
    ignores = policy.get(_SCHEDULED)
    if not isinstance(ignores, Mapping) or not _is_true(ignores.get("IgnoreUnmodifiedGroupSizeProperties")):
        return after
    unmodified = _SIZES - changed_properties(before, after)
    return {name: value for name, value in after.items() if name not in unmodified}


def _will_replace(policy: Mapping[str, Any]) -> bool:
    replacing = policy.get(_REPLACING)
    return isinstance(replacing, Mapping) and _is_true(replacing.get("WillReplace"))


def _is_true(value: object) -> bool:
    return value in {True, "true"} if isinstance(value, bool | str) else False
