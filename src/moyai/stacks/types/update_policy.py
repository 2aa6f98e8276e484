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
"""The members of the policies that moyai follows. A group has no instances here, so nothing is to be replaced batch by
batch.
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
_OF_INSTANCES: Final = frozenset(
    {"LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "PlacementGroup", "VPCZoneIdentifier"}
)
"""The properties of a group whose change needs other instances."""


def update_policy_complaint(kind: str, policy: Mapping[str, Any]) -> str | None:
    """Why a resource of a type can't have an UpdatePolicy, if it can't."""
    for name, members in policy.items():
        if name not in _POLICIES.get(kind, ()):
            return f"{kind} has no UpdatePolicy {name}"
        if name == _RESHARDING:
            continue  # there is no data that shards could pass to each other
        if name not in _MEMBERS:
            return f"moyai does not support the UpdatePolicy {name}"
        unknown = sorted(set(members) - _MEMBERS[name]) if isinstance(members, Mapping) else [str(members)]
        if unknown:
            return f"the UpdatePolicy {name} has no {', '.join(unknown)}"
    return None


def replaced_properties(
    kind: StackResourceType, policy: Mapping[str, Any], before: Properties, after: Properties
) -> frozenset[str]:
    """The properties whose change needs another resource, by the type or by the resource's UpdatePolicy."""
    by_policy = changed_properties(before, after) & _OF_INSTANCES if _will_replace(policy) else frozenset()
    return kind.must_replace(before, after) | by_policy


def without_unmodified_sizes(policy: Mapping[str, Any], before: Properties, after: Properties) -> Properties:
    """The properties of a group but the sizes that an update is to leave as they are."""
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
