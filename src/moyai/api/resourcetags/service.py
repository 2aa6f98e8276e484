"""The operations of the Resource Groups Tagging API.

Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.resourcetags import changes, listing
from moyai.domain.resourcetags.errors import InvalidTagRequest

_NO_POLICIES = "there are no tag policies"

RESOURCE_TAGS: Final = ApiService(
    name="resourcegroupstaggingapi",
    input_fault=InvalidTagRequest,
    operations=operations(changes, listing),
    refused=MappingProxyType(
        {
            "GetResources.TagsPerPage": "pages are counted in resources; give ResourcesPerPage",
            "GetResources.ExcludeCompliantResources": _NO_POLICIES,
            "GetResources.IncludeComplianceDetails": _NO_POLICIES,
        }
    ),
)
