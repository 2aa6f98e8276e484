"""Operations on EC2 instances and VPN gateways, of which there are none, so that tools get empty lists.

Promise: the machine images are those that Systems Manager's public parameters name, so that a configuration that looks
up its image finds it. The instance types are a few of AWS's, with their processors and memory.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html, API_DescribeInstanceTypes.html
"""

from __future__ import annotations

from types import MappingProxyType

from moyai.api.ec2.change import ChangeRequest
from moyai.api.ec2.select import DescribedKind, Filter, PagedRequest, no_tags, passing, select, with_ids
from moyai.api.operation import Context
from moyai.domain.vpc.errors import DryRunOperation, InvalidInstanceType
from moyai.domain.vpc.images import AMAZON, MachineImage, public_images
from moyai.domain.vpc.instance_types import INSTANCE_TYPES, InstanceType
from moyai.domain.vpc.not_found import ImageNotFound, InstanceNotFound, NotFound, VpnGatewayNotFound

_SELF = "self"


class DescribeImagesRequest(PagedRequest, frozen=True):
    """The images to describe. No image is deprecated or disabled, and every account may use all of them."""

    image_ids: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    executable_users: tuple[str, ...] = ()
    include_deprecated: bool = False
    include_disabled: bool = False


class DescribeInstanceTypesRequest(PagedRequest, frozen=True):
    instance_types: tuple[str, ...] = ()
    include_unsupported_in_region: bool = False


class DescribeInstancesRequest(PagedRequest, frozen=True):
    instance_ids: tuple[str, ...] = ()
    include_managed_resources: bool = False


class DescribeVpnGatewaysRequest(ChangeRequest, frozen=True):
    vpn_gateway_ids: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()


def describe_images(ctx: Context, request: DescribeImagesRequest) -> dict[str, object]:
    """The machine images that public parameters name. An account has none of its own."""
    owners = set(request.owners)
    images = public_images(ctx.scope.region)
    matching_images = [image for image in images if not owners or owners & {image.owner, AMAZON}]
    if _SELF in request.executable_users:
        matching_images = []
    page = select(_IMAGES, matching_images, request.image_ids, request)
    return {"images": [_image(image) for image in page.items], "next_token": page.next_token}


def describe_instance_types(ctx: Context, request: DescribeInstanceTypesRequest) -> dict[str, object]:  # noqa: ARG001
    """Instance types with their processors and memory."""
    unknown = sorted(set(request.instance_types) - {kind.name for kind in INSTANCE_TYPES})
    if unknown:
        names = ", ".join(name[:60] for name in unknown)
        raise InvalidInstanceType(f"The following supplied instance types do not exist: [{names}]")
    page = select(_TYPES, INSTANCE_TYPES, request.instance_types, request)
    return {"instance_types": [_type(kind) for kind in page.items], "next_token": page.next_token}


def describe_instances(ctx: Context, request: DescribeInstancesRequest) -> dict[str, object]:  # noqa: ARG001
    """The instances: none, because tasks and container instances run without them."""
    select(_INSTANCES, (), request.instance_ids, request)
    return {"reservations": []}


def describe_vpn_gateways(ctx: Context, request: DescribeVpnGatewaysRequest) -> dict[str, object]:  # noqa: ARG001
    """The VPN gateways: none."""
    passing(_VPN_GATEWAYS, with_ids(_VPN_GATEWAYS, (), request.vpn_gateway_ids), request.filters)
    if request.dry_run:
        raise DryRunOperation
    return {"vpn_gateways": []}


def _image(image: MachineImage) -> dict[str, object]:
    return {
        "image_id": image.id,
        "name": image.name,
        "description": image.description,
        "image_location": f"{AMAZON}/{image.name}",
        "owner_id": image.owner,
        "image_owner_alias": AMAZON,
        "architecture": image.architecture,
        "creation_date": image.created,
        "state": "available",
        "public": True,
        "image_type": "machine",
        "hypervisor": "xen",
        "virtualization_type": "hvm",
        "root_device_type": "ebs",
        "root_device_name": "/dev/xvda",
        "ena_support": True,
    }


def _type(kind: InstanceType) -> dict[str, object]:
    return {
        "instance_type": kind.name,
        "current_generation": True,
        "hypervisor": "nitro",
        "processor_info": {"supported_architectures": [kind.architecture]},
        "v_cpu_info": {"default_v_cpus": kind.cpus},
        "memory_info": {"size_in_mi_b": kind.memory},
        "supported_usage_classes": ["on-demand", "spot"],
        "supported_root_device_types": ["ebs"],
        "supported_virtualization_types": ["hvm"],
    }


_IMAGES = DescribedKind[MachineImage](
    "images",
    lambda image: image.id,
    MappingProxyType(
        {
            "image-id": lambda i: (i.id,),
            "name": lambda i: (i.name,),
            "description": lambda i: (i.description,),
            "architecture": lambda i: (i.architecture,),
            "owner-alias": lambda _: (AMAZON,),
            "owner-id": lambda i: (i.owner,),
            "state": lambda _: ("available",),
            "is-public": lambda _: ("true",),
            "image-type": lambda _: ("machine",),
            "hypervisor": lambda _: ("xen",),
            "virtualization-type": lambda _: ("hvm",),
            "root-device-type": lambda _: ("ebs",),
        }
    ),
    ImageNotFound,
    no_tags,
)
_TYPES = DescribedKind[InstanceType](
    "instance types",
    lambda kind: kind.name,
    MappingProxyType(
        {
            "instance-type": lambda t: (t.name,),
            "current-generation": lambda _: ("true",),
            "processor-info.supported-architecture": lambda t: (t.architecture,),
            "vcpu-info.default-vcpus": lambda t: (str(t.cpus),),
            "memory-info.size-in-mib": lambda t: (str(t.memory),),
        }
    ),
    NotFound,
)
_VPN_FILTERS: tuple[str, ...] = (
    "state",
    "attachment.state",
    "attachment.vpc-id",
    "availability-zone",
    "amazon-side-asn",
)
_INSTANCES = DescribedKind[str](
    "instances",
    str,
    MappingProxyType(
        dict.fromkeys(
            (
                *("instance-state-name", "instance-id", "vpc-id", "subnet-id", "availability-zone", "instance-type"),
                *("instance.group-id", "network-interface.group-id", "private-ip-address", "image-id"),
            ),
            lambda _: (),
        )
    ),
    InstanceNotFound,
    no_tags,
)
_VPN_GATEWAYS = DescribedKind[str](
    "VPN gateways",
    str,
    MappingProxyType(dict.fromkeys((*_VPN_FILTERS, "vpn-gateway-id", "type"), lambda _: ())),
    VpnGatewayNotFound,
    no_tags,
)
