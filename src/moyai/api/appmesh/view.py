"""Resources as responses show them.

Promise: the names in a response are those in the ARN, so there is one source for them.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ResourceMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore import xform_name

from moyai.domain.appmesh.resource import AppMeshResource
from moyai.kernel.arn import parse_arn

ACTIVE, DELETED = "ACTIVE", "DELETED"


def data(record: AppMeshResource, spec: object, status: str = ACTIVE) -> Mapping[str, object]:
    """A resource as Describe shows it."""
    return {
        **_names(record),
        "metadata": {**_metadata(record), "uid": record.uid},
        "spec": spec,
        "status": {"status": status},
    }


def reference(record: AppMeshResource) -> Mapping[str, object]:
    """A resource as lists show it."""
    return {**_names(record), **_metadata(record)}


def _metadata(record: AppMeshResource) -> Mapping[str, object]:
    return {
        "arn": record.arn,
        "version": record.version,
        "created_at": record.created_at,
        "last_updated_at": record.last_updated_at,
        "mesh_owner": record.mesh_owner,
        "resource_owner": record.resource_owner,
    }


def _names(record: AppMeshResource) -> Mapping[str, str]:
    """The names of the mesh, of the router or gateway, and of the resource."""
    parsed = parse_arn(record.arn)
    mesh, *rest = () if parsed is None else parsed.path
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return {"mesh_name": mesh.partition("@")[0], **{f"{xform_name(kind)}_name": name for kind, name in pairs}}
