"""Input members of EC2's operations that moyai refuses, each with its reason.

Promise: a request with such a member is refused with an error that names it, so that no client believes that it had an
effect. A member that is refused only with some values is a field of its request, and its handler refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ALWAYS_IPV4 = "every subnet has IPv4 addresses"
_NO_IPAM = "there is no IPAM; give a CidrBlock"
_NO_OUTPOSTS = "there are no Outposts"
_NO_LISTS = "prefix lists have no entries here"
_NO_INSTANCES = "there are no instances, and tasks' interfaces route nothing"
_NO_TARGET = "routes lead to internet gateways, NAT gateways and peering connections"
_NO_POOLS = "addresses come from one pool"
_ONE_ZONE = "a NAT gateway is in one zone"
_ADDED_LATER = "add secondary addresses with AssociateNatGatewayAddress"
_NO_INTERFACES = "endpoints have no interfaces"
_NO_LATTICE = "there are no service networks and resources to connect to"
_NO_RESOLVER_ENDPOINTS = "endpoints have no names of their own"
_NO_FLOWS = "no flows are recorded"
_NO_RESOLUTION = "an image is returned as it was sent; look a parameter up with ssm get-parameter"

_ROUTE_TARGETS = (
    ("DestinationPrefixListId", _NO_LISTS),
    ("InstanceId", _NO_INSTANCES),
    ("NetworkInterfaceId", _NO_INSTANCES),
    ("VpcEndpointId", _NO_TARGET),
    ("TransitGatewayId", _NO_TARGET),
    ("LocalGatewayId", _NO_TARGET),
    ("CarrierGatewayId", _NO_TARGET),
    ("CoreNetworkArn", _NO_TARGET),
    ("OdbNetworkArn", _NO_TARGET),
)

UNSUPPORTED_MEMBERS: Mapping[str, str] = MappingProxyType(
    dict(
        (
            ("*.Ipv6CidrBlockNetworkBorderGroup", "a region has one border"),
            ("*.Ipv6Native", _ALWAYS_IPV4),
            ("*.Ipv4IpamPoolId", _NO_IPAM),
            ("*.Ipv4NetmaskLength", _NO_IPAM),
            ("*.Ipv6IpamPoolId", _NO_IPAM),
            ("*.Ipv6NetmaskLength", _NO_IPAM),
            ("CreateVpc.VpcEncryptionControl", "traffic between tasks is encrypted by Service Connect's TLS alone"),
            ("CreateSubnet.OutpostArn", _NO_OUTPOSTS),
            ("ModifySubnetAttribute.CustomerOwnedIpv4Pool", _NO_OUTPOSTS),
            ("ModifySubnetAttribute.EnableLniAtDeviceIndex", _NO_OUTPOSTS),
            ("ModifySubnetAttribute.DisableLniAtDeviceIndex", _NO_OUTPOSTS),
            ("*.IpPermissions[].PrefixListIds", _NO_LISTS),
            ("*.IpPermissions[].UserIdGroupPairs[].PeeringStatus", "only responses have it"),
            ("*.SecurityGroupRules[].SecurityGroupRule.PrefixListId", _NO_LISTS),
            ("*.SourceSecurityGroupOwnerId", "a group of another account is named in IpPermissions"),
            ("CreateVpcPeeringConnection.RequesterPeeringConnectionOptions", "a peering has one path"),
            *(
                (f"*.{side}PeeringConnectionOptions.{member}", "a peering has one path")
                for side in ("Accepter", "Requester")
                for member in ("AllowMultipathResilience", "MultipathResilienceMode")
            ),
            *((f"CreateRoute.{member}", reason) for member, reason in _ROUTE_TARGETS),
            *((f"ReplaceRoute.{member}", reason) for member, reason in _ROUTE_TARGETS),
            ("ReplaceRoute.LocalTarget", "the route to the VPC's own range is always there"),
            ("DeleteRoute.DestinationPrefixListId", _NO_LISTS),
            ("AssociateRouteTable.GatewayId", "gateways have no route tables"),
            ("AssociateRouteTable.PublicIpv4Pool", "gateways have no route tables"),
            ("AllocateAddress.Address", _NO_POOLS),
            ("AllocateAddress.PublicIpv4Pool", _NO_POOLS),
            ("AllocateAddress.CustomerOwnedIpv4Pool", _NO_OUTPOSTS),
            ("AllocateAddress.IpamPoolId", _NO_POOLS),
            ("CreateNatGateway.AvailabilityMode", _ONE_ZONE),
            ("CreateNatGateway.AvailabilityZoneAddresses", _ONE_ZONE),
            ("CreateNatGateway.VpcId", "a NAT gateway is in one zone; give a SubnetId"),
            ("CreateNatGateway.SecondaryAllocationIds", _ADDED_LATER),
            ("CreateNatGateway.SecondaryPrivateIpAddresses", _ADDED_LATER),
            ("CreateNatGateway.SecondaryPrivateIpAddressCount", _ADDED_LATER),
            ("AssociateNatGatewayAddress.AvailabilityZone", _ONE_ZONE),
            ("AssociateNatGatewayAddress.AvailabilityZoneId", _ONE_ZONE),
            ("CreateVpcEndpoint.SubnetConfigurations", _NO_INTERFACES),
            ("ModifyVpcEndpoint.SubnetConfigurations", _NO_INTERFACES),
            ("CreateVpcEndpoint.ServiceNetworkArn", _NO_LATTICE),
            ("CreateVpcEndpoint.ResourceConfigurationArn", _NO_LATTICE),
            ("CreateVpcEndpoint.ServiceRegion", "services are those of the endpoint's region"),
            ("*.DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint", _NO_RESOLVER_ENDPOINTS),
            ("*.DnsOptions.PrivateDnsPreference", _NO_RESOLVER_ENDPOINTS),
            ("*.DnsOptions.PrivateDnsSpecifiedDomains", _NO_RESOLVER_ENDPOINTS),
            ("CreateLaunchTemplate.Operator", "launch templates belong to their accounts"),
            ("CreateLaunchTemplateVersion.ResolveAlias", _NO_RESOLUTION),
            ("DescribeLaunchTemplateVersions.ResolveAlias", _NO_RESOLUTION),
            ("CreateFlowLogs.DeliverCrossAccountRole", _NO_FLOWS),
            ("CreateFlowLogs.DestinationOptions", _NO_FLOWS),
            ("CreateFlowLogs.TagFieldSpecifications", _NO_FLOWS),
        )
    )
)
"""The reasons by ``Operation.path``, as ``wire.accept.Refusals`` has them."""
