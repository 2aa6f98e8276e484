"""The managed permission with which a namespace is shared.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-shared-namespaces.html
"""

from __future__ import annotations

from typing import Final

RESOURCE_TYPE: Final = "servicediscovery:Namespace"
"""What can be shared here."""
PERMISSION_NAME: Final = "AWSRAMPermissionCloudMapECSFullPermission"
PERMISSION: Final = f"arn:aws:ram::aws:permission/{PERMISSION_NAME}"
VERSION: Final = 1
ACTIONS: Final = (
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
)
"""Cloud Map's operations that the account it is shared with may call for it."""
