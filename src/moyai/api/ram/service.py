"""The operations of AWS Resource Access Manager.

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.ram import associations, invitations, listing, shares
from moyai.api.ram.lookup import TAGS
from moyai.domain.ram.errors import InvalidParameter

_NO_SOURCES: Final = "nothing here is shared on behalf of another account"
_NO_TEMPLATES: Final = "the permission has no parameters"

RAM: Final = ApiService(
    name="ram",
    input_fault=InvalidParameter,
    refused=MappingProxyType(
        {
            "*.sources": _NO_SOURCES,
            "*.permissionTemplateParameters": _NO_TEMPLATES,
            "CreateResourceShare.resourceShareConfiguration": "there are no organizations to leave",
            "ListPermissions.resourceOwner": "there are AWS's own permissions only",
            "ListPermissions.permissionStatus": "every permission can be attached",
        }
    ),
    operations=operations(associations, invitations, listing, shares, *TAGS.operations()),
)
