"""The operations of Amazon EFS.

Source: https://docs.aws.amazon.com/efs/latest/ug/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.efs import access_points, file_systems, mount_targets, policies, tags
from moyai.api.operation import ApiService, operations
from moyai.domain.efs.errors import BadRequest

EFS: Final = ApiService(
    name="efs",
    input_fault=BadRequest,
    operations=operations(
        access_points,
        file_systems,
        mount_targets,
        policies,
        tags,
        *tags.TAGS.operations(),
        *tags.FILE_SYSTEM_TAGS.operations(),
    ),
    refused=MappingProxyType(
        {"CreateMountTarget.Ipv6Address": "a mount target has the IPv4 address of its network interface alone"}
    ),
)
