"""Secondary addresses of NAT gateways.

Promise: secondary addresses are recorded and shown. Traffic through the gateway leaves from this machine's own address,
whichever addresses the gateway has.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateNatGatewayAddress.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, commit, new_id, resource_of
from moyai.api.ec2.nat import nat_address, nat_private_address, open_gateway, unused_address
from moyai.api.operation import Context
from moyai.domain.vpc.errors import InvalidParameterCombination, InvalidParameterValue
from moyai.domain.vpc.gateway import NatAddress
from moyai.domain.vpc.not_found import AssociationNotFound, SubnetNotFound
from moyai.domain.vpc.quotas import NAT_ADDRESSES, NatAddressLimitExceeded
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Put


class AssociateNatGatewayAddressRequest(ChangeRequest, frozen=True):
    """The addresses to add to a NAT gateway."""

    nat_gateway_id: str
    allocation_ids: tuple[str, ...]
    private_ip_addresses: tuple[str, ...] = ()


class DisassociateNatGatewayAddressRequest(ChangeRequest, frozen=True):
    """The addresses to remove from a NAT gateway. ``max_drain_duration_seconds`` has no effect: nothing drains."""

    nat_gateway_id: str
    association_ids: tuple[str, ...]
    max_drain_duration_seconds: int | None = None


def associate_nat_gateway_address(ctx: Context, request: AssociateNatGatewayAddressRequest) -> dict[str, object]:
    """Add secondary addresses to a gateway."""
    gateway = open_gateway(ctx, request.nat_gateway_id)
    subnet = resource_of(ctx, Subnet, gateway.subnet, SubnetNotFound, "SubnetId")
    private_addresses = request.private_ip_addresses or (None,) * len(request.allocation_ids)
    if len(private_addresses) != len(request.allocation_ids):
        raise InvalidParameterCombination("Give as many PrivateIpAddresses as AllocationIds, or none.")
    if len(set(request.allocation_ids)) != len(request.allocation_ids):
        raise InvalidParameterValue("AllocationIds names an address twice.")
    if len(gateway.addresses) + len(private_addresses) > NAT_ADDRESSES:
        raise NatAddressLimitExceeded(NAT_ADDRESSES)
    new_addresses: list[NatAddress] = []
    for allocation, address in zip(request.allocation_ids, private_addresses, strict=True):
        elastic = unused_address(ctx, allocation)
        private = nat_private_address(ctx, subnet, address, [nat.address for nat in new_addresses])
        new_addresses.append(NatAddress(new_id(ctx, "eipassoc"), elastic.id, private, elastic.public_address))
    commit(ctx, request, Put(replace(gateway, secondary=(*gateway.secondary, *new_addresses))))
    return {
        "nat_gateway_id": gateway.id,
        "nat_gateway_addresses": [nat_address(gateway, nat, "associating") for nat in new_addresses],
    }


def disassociate_nat_gateway_address(ctx: Context, request: DisassociateNatGatewayAddressRequest) -> dict[str, object]:
    """Remove secondary addresses from a gateway."""
    gateway = open_gateway(ctx, request.nat_gateway_id)
    by_association = {nat.association: nat for nat in gateway.addresses}
    unknown = [identity for identity in request.association_ids if identity not in by_association]
    if unknown:
        raise AssociationNotFound(unknown)
    addresses = [by_association[identity] for identity in dict.fromkeys(request.association_ids)]
    if any(nat.allocation == gateway.allocation for nat in addresses):
        raise InvalidParameterValue(f"The primary address of {gateway.id} can't be disassociated.")
    remaining = tuple(nat for nat in gateway.secondary if nat not in addresses)
    commit(ctx, request, Put(replace(gateway, secondary=remaining)))
    return {
        "nat_gateway_id": gateway.id,
        "nat_gateway_addresses": [nat_address(gateway, nat, "disassociating") for nat in addresses],
    }
