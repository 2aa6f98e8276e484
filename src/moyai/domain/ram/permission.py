"""The types of resources that can be shared, and their managed permissions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-shared-namespaces.html,
https://docs.aws.amazon.com/app-mesh/latest/userguide/sharing.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.kernel.arn import parse_arn

VERSION: Final = 1


class Permission(msgspec.Struct, frozen=True):
    """A managed permission. ``resource_type``: RAM's name; ``service`` and ``kind``: those in ARNs of the type."""

    name: str
    resource_type: str
    service: str
    kind: str
    actions: tuple[str, ...]
    """The operations that the accounts with which a resource is shared may call."""

    @property
    def arn(self) -> str:
        """The ARN of the permission, which has no account."""
        return f"arn:aws:ram::aws:permission/{self.name}"


NAMESPACE_PERMISSION: Final = Permission(
    name="AWSRAMPermissionCloudMapECSFullPermission",
    resource_type="servicediscovery:Namespace",
    service="servicediscovery",
    kind="namespace",
    actions=(
        "CreateService",
        "DeleteService",
        "DeregisterInstance",
        "DiscoverInstances",
        "DiscoverInstancesRevision",
        "GetInstance",
        "GetInstancesHealthStatus",
        "GetNamespace",
        "GetOperation",
        "GetService",
        "GetServiceAttributes",
        "ListInstances",
        "ListServices",
        "RegisterInstance",
        "UpdateInstanceCustomHealthStatus",
        "UpdateService",
        "UpdateServiceAttributes",
    ),
)
MESH_PERMISSION: Final = Permission(
    name="AWSRAMDefaultPermissionAppMesh",
    resource_type="appmesh:Mesh",
    service="appmesh",
    kind="mesh",
    actions=(
        *(
            f"{verb}{noun}"
            for noun in ("Route", "VirtualNode", "VirtualRouter", "VirtualService")
            for verb in ("Create", "Delete", "Describe", "Update")
        ),
        "DescribeGatewayRoute",
        "DescribeMesh",
        "DescribeVirtualGateway",
        "ListGatewayRoutes",
        "ListRoutes",
        "ListVirtualGateways",
        "ListVirtualNodes",
        "ListVirtualRouters",
        "ListVirtualServices",
        "StreamAggregatedResources",
    ),
)
PERMISSIONS: Final = (NAMESPACE_PERMISSION, MESH_PERMISSION)
"""All managed permissions."""


def permission_for(resource: str) -> Permission | None:
    """The permission for the resource with this ARN; None if it can't be shared."""
    arn_parts = parse_arn(resource)
    if arn_parts is None or "/" in arn_parts.resource.partition("/")[2]:
        return None
    return next((one for one in PERMISSIONS if (one.service, one.kind) == (arn_parts.service, arn_parts.kind)), None)


def resource_type_of(resource: str) -> str:
    """RAM's name for the type of a shared resource with this ARN."""
    permission = permission_for(resource)
    return "" if permission is None else permission.resource_type
