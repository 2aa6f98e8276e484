"""Operations on network interfaces and elastic addresses that services manage, which are refused as on AWS; and the
domain names of addresses in the reverse DNS, which are recorded.

Promise: every interface belongs to ECS or to Elastic Load Balancing, which attaches and deletes it, and every elastic
address in use belongs to a NAT gateway or a load balancer. An unknown id gets another error than a managed resource.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachNetworkInterface.html,
API_AssociateAddress.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ec2.addresses import attributes_of, elastic_address
from moyai.api.ec2.change import ChangeRequest, commit, resource_of
from moyai.api.ec2.interfaces import attached_interfaces
from moyai.api.operation import Context, operation
from moyai.domain.queries.vpc import address_user, all_in_scope
from moyai.domain.route53.names import DomainNameProblem, normalized_name
from moyai.domain.vpc.errors import (
    AuthFailure,
    InvalidNetworkInterfaceInUse,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    OperationNotPermitted,
)
from moyai.domain.vpc.gateway import ElasticAddress
from moyai.domain.vpc.not_found import (
    AllocationNotFound,
    AssociationNotFound,
    AttachmentNotFound,
    InstanceNotFound,
    NetworkInterfaceNotFound,
)
from moyai.domain.world import Put

_MANAGED = "Amazon ECS and Elastic Load Balancing manage all interfaces"
_NO_PERMISSION = "You do not have permission to access the specified resource."


class DetachNetworkInterfaceRequest(ChangeRequest, frozen=True):
    """The attachment to end. ``force`` makes no difference, because the request is refused anyway."""

    attachment_id: str
    force: bool = False


class DeleteNetworkInterfaceRequest(ChangeRequest, frozen=True):
    """The interface to delete."""

    network_interface_id: str


class AssociateAddressRequest(ChangeRequest, frozen=True):
    """An elastic address, and the instance or interface to associate it with."""

    allocation_id: str | None = None
    public_ip: str | None = None
    instance_id: str | None = None
    network_interface_id: str | None = None
    private_ip_address: str | None = None
    allow_reassociation: bool = False


class DisassociateAddressRequest(ChangeRequest, frozen=True):
    """The association to end."""

    association_id: str | None = None
    public_ip: str | None = None


class ModifyAddressAttributeRequest(ChangeRequest, frozen=True):
    """The new domain name of an address in the reverse DNS."""

    allocation_id: str
    domain_name: str | None = None


class ResetAddressAttributeRequest(ChangeRequest, frozen=True):
    """The address whose domain name in the reverse DNS is removed."""

    allocation_id: str
    attribute: str


@operation(always_refused=_MANAGED)
def detach_network_interface(ctx: Context, request: DetachNetworkInterfaceRequest) -> None:
    """Refuse to detach an interface."""
    if all(i.attachment_id != request.attachment_id for i in attached_interfaces(ctx)):
        raise AttachmentNotFound([request.attachment_id])
    raise OperationNotPermitted("You are not allowed to manage 'ela-attach' attachments.")


@operation(always_refused=_MANAGED)
def delete_network_interface(ctx: Context, request: DeleteNetworkInterfaceRequest) -> None:
    """Refuse to delete an interface."""
    _check_interface(ctx, request.network_interface_id)
    raise InvalidNetworkInterfaceInUse(f"Network interface '{request.network_interface_id}' is currently in use.")


@operation(always_refused=_MANAGED)
def associate_address(ctx: Context, request: AssociateAddressRequest) -> None:
    """Refuse to associate an elastic address with an interface, because AWS's services manage all interfaces."""
    if request.allocation_id and request.public_ip:
        raise InvalidParameterCombination("AllocationId and PublicIp can't be used together.")
    elastic_address(ctx, request.allocation_id, request.public_ip)
    if request.instance_id:
        raise InstanceNotFound([request.instance_id])
    if not request.network_interface_id:
        raise MissingParameter("Either instance ID or network interface id must be specified")
    _check_interface(ctx, request.network_interface_id)
    raise OperationNotPermitted(
        f"You are not allowed to manage the addresses of {request.network_interface_id}: a service of AWS manages it."
    )


def disassociate_address(ctx: Context, request: DisassociateAddressRequest) -> None:
    """Refuse to disassociate an elastic address from a NAT gateway or a load balancer. An unused one is accepted."""
    world = ctx.store.world
    if request.public_ip:
        if address_user(world, elastic_address(ctx, None, request.public_ip)) is None:
            return
        raise AuthFailure(_NO_PERMISSION)
    if not request.association_id:
        raise MissingParameter("Either public IP or association id must be specified")
    users = (address_user(world, address) for address in all_in_scope(world, ElasticAddress, ctx.scope))
    if all(user is None or user.association != request.association_id for user in users):
        raise AssociationNotFound([request.association_id])
    raise AuthFailure(_NO_PERMISSION)


def modify_address_attribute(ctx: Context, request: ModifyAddressAttributeRequest) -> dict[str, object]:
    """Record an address's domain name in the reverse DNS."""
    address = resource_of(ctx, ElasticAddress, request.allocation_id, AllocationNotFound, "AllocationId")
    if request.domain_name is None:
        return _record(ctx, request, address)
    try:
        name = normalized_name(request.domain_name).removesuffix(".")
    except DomainNameProblem as problem:
        raise InvalidParameterValue(f"DomainName is not a domain name: {problem}") from problem
    return _record(ctx, request, replace(address, domain_name=name))


def reset_address_attribute(ctx: Context, request: ResetAddressAttributeRequest) -> dict[str, object]:
    """Remove an address's domain name in the reverse DNS."""
    if request.attribute != "domain-name":
        raise InvalidParameterValue("Attribute must be domain-name.")
    address = resource_of(ctx, ElasticAddress, request.allocation_id, AllocationNotFound, "AllocationId")
    return _record(ctx, request, replace(address, domain_name=None))


def _record(ctx: Context, request: ChangeRequest, address: ElasticAddress) -> dict[str, object]:
    commit(ctx, request, Put(address))
    return {"address": attributes_of(address)}


def _check_interface(ctx: Context, identity: str) -> None:
    if all(attached.interface.id != identity for attached in attached_interfaces(ctx)):
        raise NetworkInterfaceNotFound([identity])
