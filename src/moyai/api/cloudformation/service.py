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

CLOUDFORMATION: Final = ApiService(
    name="cloudformation",
    input_fault=StackFault,
    refused=MappingProxyType({"*.TemplateURL": _NO_S3, "*.StackPolicyURL": _NO_S3}),
    operations=operations(change_sets, describe, stacks, templates),
)
