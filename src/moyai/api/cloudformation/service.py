"""The operations of CloudFormation.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.cloudformation import (
    account,
    change_sets,
    describe,
    drift,
    new_change_sets,
    operation_events,
    policies,
    signals,
    stacks,
    templates,
)
from moyai.api.cloudformation.template_url import with_templates_from_s3
from moyai.api.operation import ApiService, operations
from moyai.domain.cloudformation.errors import StackFault
from moyai.ports.delegate import Delegate

_ONE_VERSION: Final = "each type is AWS's own, and has one version"
_NO_STACK_SETS: Final = "there are no stack sets"

_REFUSED: Final = MappingProxyType(
    {
        "*.Parameters[].ResolvedValue": "only responses have it",
        "*.ResourceTypes": "there are no permissions that it could restrict",
        "*.RollbackConfiguration": "alarms do not roll stacks back",
        "*.RetainExceptOnCreate": "set the DeletionPolicy RetainExceptOnCreate in the template",
        "*.DisableValidation": "every template is validated",
        "ContinueUpdateRollback.ForceRollback": "name what can't be rolled back in ResourcesToSkip",
        "CreateChangeSet.DeploymentMode": "changes that were made outside of the stack are not reverted",
        "DescribeAccountLimits.NextToken": "all limits are on one page",
        "DescribeChangeSet.NextToken": "all changes are on one page",
        "DescribeChangeSetHooks.NextToken": "there are no hooks",
        "DescribeChangeSetHooks.LogicalResourceId": "there are no hooks",
        "DescribeType.VersionId": _ONE_VERSION,
        "DescribeType.PublisherId": _ONE_VERSION,
        "DescribeType.PublicVersionNumber": _ONE_VERSION,
        "ListTypes.Filters.PublisherId": _ONE_VERSION,
        "GetTemplateSummary.StackSetName": _NO_STACK_SETS,
        "GetTemplateSummary.CallAs": _NO_STACK_SETS,
        "GetTemplateSummary.TemplateSummaryConfig": "a template with an unknown type has a summary as well",
        "RollbackStack.DeploymentConfig": "resources are always waited for",
    }
)


def cloudformation(delegate: Delegate | None = None) -> ApiService:
    """The service. ``delegate`` answers S3, from which templates and stack policies are read."""
    table = operations(
        account,
        change_sets,
        describe,
        drift,
        new_change_sets,
        operation_events,
        policies,
        signals,
        stacks,
        templates,
    )
    return ApiService(
        name="cloudformation",
        input_fault=StackFault,
        refused=_REFUSED,
        operations={name: with_templates_from_s3(operation, delegate) for name, operation in table.items()},
    )
