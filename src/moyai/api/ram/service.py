"""AWS RAM's operations, as the door is given them.

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import Operation, Service, table
from moyai.api.ram import associations, invitations, listing, shares, tags
from moyai.domain.ram.errors import InvalidParameter

_NO_SOURCES: Final = "nothing here is shared on behalf of another account"
_NO_TEMPLATES: Final = "the permission has no parameters"

RAM: Final = Service(
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
    operations=table(
        [
            Operation("CreateResourceShare", shares.CreateResourceShareRequest, shares.create_resource_share),
            Operation("UpdateResourceShare", shares.UpdateResourceShareRequest, shares.update_resource_share),
            Operation("DeleteResourceShare", shares.DeleteResourceShareRequest, shares.delete_resource_share),
            Operation("GetResourceShares", shares.GetResourceSharesRequest, shares.get_resource_shares),
            Operation("AssociateResourceShare", associations.AssociationRequest, associations.associate_resource_share),
            Operation(
                "DisassociateResourceShare", associations.AssociationRequest, associations.disassociate_resource_share
            ),
            Operation(
                "GetResourceShareAssociations",
                associations.GetResourceShareAssociationsRequest,
                associations.get_resource_share_associations,
            ),
            Operation(
                "GetResourceShareInvitations",
                invitations.GetResourceShareInvitationsRequest,
                invitations.get_resource_share_invitations,
            ),
            Operation(
                "AcceptResourceShareInvitation",
                invitations.AnswerRequest,
                invitations.accept_resource_share_invitation,
            ),
            Operation(
                "RejectResourceShareInvitation",
                invitations.AnswerRequest,
                invitations.reject_resource_share_invitation,
            ),
            Operation(
                "ListPendingInvitationResources",
                invitations.ListPendingInvitationResourcesRequest,
                invitations.list_pending_invitation_resources,
            ),
            Operation("ListResources", listing.ListResourcesRequest, listing.list_resources),
            Operation("ListPrincipals", listing.ListPrincipalsRequest, listing.list_principals),
            Operation("ListPermissions", listing.ListPermissionsRequest, listing.list_permissions),
            Operation("GetPermission", listing.GetPermissionRequest, listing.get_permission),
            Operation(
                "ListResourceSharePermissions",
                listing.ListResourceSharePermissionsRequest,
                listing.list_resource_share_permissions,
            ),
            Operation("EnableSharingWithAwsOrganization", listing.EnableSharingRequest, listing.enable_sharing),
            Operation("TagResource", tags.TagResourceRequest, tags.tag_resource),
            Operation("UntagResource", tags.UntagResourceRequest, tags.untag_resource),
        ]
    ),
)
