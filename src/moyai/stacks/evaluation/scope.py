"""The values that a template is evaluated with.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.kernel.arn import partition_of
from moyai.kernel.scope import Scope
from moyai.stacks.evaluation.budget import Budget
from moyai.stacks.template.expressions import Expression

NOTHING: Final[Mapping[str, Expression]] = MappingProxyType({})
_URL_SUFFIX: Final = "amazonaws.com"


class ResourceValues(msgspec.Struct, frozen=True):
    """The results of Ref and, by the name of the attribute, of Fn::GetAtt for a resource that exists."""

    ref: str
    attributes: Mapping[str, Expression] = NOTHING
    has_any_attribute: bool = False
    """Whether an attribute that is absent has the value ``<ref>.<attribute>``, as those of skipped resources have."""

    def attribute(self, name: str) -> Expression | None:
        """The value of an attribute; None when the resource has no such attribute."""
        return self.attributes.get(name, f"{self.ref}.{name}" if self.has_any_attribute else None)


class Values(msgspec.Struct, frozen=True):
    """The values that expressions may refer to. The values of resources and parameters that are absent are not known.

    ``parameters`` has the pseudo parameters too. ``zones``: the names of each region's zones. ``exports``: what the
    account's stacks in the region export, by name. ``budget`` limits the results while a template is checked for the
    first time.
    """

    parameters: Mapping[str, Expression] = NOTHING
    conditions: Mapping[str, bool] = MappingProxyType({})
    mappings: Mapping[str, Mapping[str, Mapping[str, Expression]]] = MappingProxyType({})
    zones: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    exports: Mapping[str, str] = MappingProxyType({})
    resources: Mapping[str, ResourceValues] = MappingProxyType({})
    budget: Budget | None = None


def pseudo_parameters(
    scope: Scope, stack_name: str, stack_id: str, notification_arns: tuple[str, ...] = ()
) -> dict[str, Expression]:
    """The values of a stack's pseudo parameters, except AWS::NoValue, which has none."""
    return {
        "AWS::AccountId": scope.account,
        "AWS::NotificationARNs": notification_arns,
        "AWS::Partition": partition_of(scope.region),
        "AWS::Region": scope.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": _URL_SUFFIX,
    }
