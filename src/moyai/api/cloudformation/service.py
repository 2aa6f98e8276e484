"""The operations of CloudFormation.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.cloudformation import change_sets, describe, stacks, templates
from moyai.api.operation import ApiService, operations
from moyai.domain.cloudformation.errors import StackFault

_NO_S3: Final = "moyai has no S3: send the template in TemplateBody"
_NO_POLICY: Final = "there are no stack policies"
_NO_STACK_SETS: Final = "there are no stack sets"

CLOUDFORMATION: Final = ApiService(
    name="cloudformation",
    input_fault=StackFault,
    refused=MappingProxyType(
        {
            "*.TemplateURL": _NO_S3,
            "*.StackPolicyURL": _NO_S3,
            "*.StackPolicyBody": _NO_POLICY,
            "*.StackPolicyDuringUpdateBody": _NO_POLICY,
            "*.StackPolicyDuringUpdateURL": _NO_POLICY,
            "*.Parameters[].ResolvedValue": "it is of responses only",
            "*.ResourceTypes": "there are no permissions that it could narrow",
            "*.RollbackConfiguration": "alarms do not roll stacks back",
            "*.RetainExceptOnCreate": "set the DeletionPolicy RetainExceptOnCreate in the template",
            "*.DisableValidation": "every template is validated",
            "ContinueUpdateRollback.ForceRollback": "name what can't be rolled back in ResourcesToSkip",
            "CreateChangeSet.ResourcesToImport": "resources are not imported into stacks",
            "CreateChangeSet.DeploymentMode": "resources that were changed by hand are not changed back",
            "DeleteStack.DeletionMode": "delete again with RetainResources",
            "DescribeChangeSet.NextToken": "all changes are on one page",
            "GetTemplateSummary.StackSetName": _NO_STACK_SETS,
            "GetTemplateSummary.CallAs": _NO_STACK_SETS,
            "GetTemplateSummary.TemplateSummaryConfig": "a template with an unknown type has a summary, too",
            "RollbackStack.DeploymentConfig": "resources are always waited for",
        }
    ),
    operations=operations(change_sets, describe, stacks, templates),
)
