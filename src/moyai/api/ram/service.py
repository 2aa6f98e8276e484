"""The operations of AWS Resource Access Manager.

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.ram import associations, invitations, listing, shares, tags
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
            "ListPermissions.resourceOwner": "there is one permission, AWS's own",
            "ListPermissions.permissionStatus": "there is one permission, which can be attached",
        }
    ),
    operations=operations(
        shares.create_resource_share,
        shares.update_resource_share,
        shares.delete_resource_share,
        shares.get_resource_shares,
        associations.associate_resource_share,
        associations.disassociate_resource_share,
        associations.get_resource_share_associations,
        invitations.get_resource_share_invitations,
        invitations.accept_resource_share_invitation,
        invitations.reject_resource_share_invitation,
        invitations.list_pending_invitation_resources,
        listing.list_resources,
        listing.list_principals,
        listing.list_permissions,
        listing.get_permission,
        listing.list_resource_share_permissions,
        listing.enable_sharing_with_aws_organization,
        tags.tag_resource,
        tags.untag_resource,
    ),
)
