"""AWS App Mesh's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_AppMesh.html
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Input, Properties, Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.tags import arn_tags

_NAMES = MappingProxyType(
    {
        "Mesh": (),
        "VirtualNode": (),
        "VirtualRouter": (),
        "VirtualService": (),
        "VirtualGateway": (),
        "Route": ("VirtualRouterName",),
        "GatewayRoute": ("VirtualGatewayName",),
    }
)
"""By kind, the members that name its parents other than the mesh."""


def app_mesh_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``appmesh``."""
    for kind, parents in _NAMES.items():
        member = kind[0].lower() + kind[1:]
        names = (f"{kind}Name", *(() if kind == "Mesh" else ("MeshName",)), *parents)
        yield StackResourceType(
            f"AWS::AppMesh::{kind}",
            "appmesh",
            f"Create{kind}",
            f"{member}.metadata.arn",
            f"Delete{kind}",
            _by_names(kind, names),
            name_property=f"{kind}Name",
            unique_within=frozenset({"MeshOwner", *names[1:]}),
            idempotency_member="clientToken",
            tagging=arn_tags(lambda resource: {"resourceArn": resource.id}),
            read=Read(f"Describe{kind}", _by_names(kind, names), member),
            attributes={
                "Arn": "metadata.arn",
                "Uid": "metadata.uid",
                "MeshOwner": "metadata.meshOwner",
                "ResourceOwner": "metadata.resourceOwner",
            },
            derive=lambda resource: {"Id": resource.id},
            update=f"Update{kind}",
            missing=frozenset({"NotFoundException"}),
        )


def _by_names(kind: str, names: tuple[str, ...]) -> Input:
    def members(resource: PhysicalResource) -> Properties:
        name_in_arn = {f"{kind}Name": resource.id.rpartition("/")[2]}
        properties = {**name_in_arn, **resource.properties}
        return {name: properties[name] for name in names}

    return members
