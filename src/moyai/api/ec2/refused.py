"""Input members of EC2's operations that moyai refuses, each with its reason.

Promise: all are refused by name when they ask for something, so nobody believes that they were heard. Members whose
refusal depends on their value are fields of a request; their handlers refuse them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_V6 = "there is no IPv6"
_NO_IPAM = "there is no IPAM; give a CidrBlock"
_NO_OUTPOSTS = "there are no Outposts"
_NO_NAMES = "hosts are named by address"

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "*.AmazonProvidedIpv6CidrBlock": _NO_V6,
        "*.Ipv6Pool": _NO_V6,
        "*.Ipv6CidrBlock": _NO_V6,
        "*.Ipv6CidrBlockNetworkBorderGroup": _NO_V6,
        "*.Ipv6Native": _NO_V6,
        "*.Ipv4IpamPoolId": _NO_IPAM,
        "*.Ipv4NetmaskLength": _NO_IPAM,
        "*.Ipv6IpamPoolId": _NO_IPAM,
        "*.Ipv6NetmaskLength": _NO_IPAM,
        "CreateVpc.VpcEncryptionControl": "traffic between tasks is encrypted by Service Connect's TLS alone",
        "CreateSubnet.OutpostArn": _NO_OUTPOSTS,
        "ModifySubnetAttribute.AssignIpv6AddressOnCreation": _NO_V6,
        "ModifySubnetAttribute.MapCustomerOwnedIpOnLaunch": _NO_OUTPOSTS,
        "ModifySubnetAttribute.CustomerOwnedIpv4Pool": _NO_OUTPOSTS,
        "ModifySubnetAttribute.EnableDns64": _NO_V6,
        "ModifySubnetAttribute.EnableResourceNameDnsARecordOnLaunch": _NO_NAMES,
        "ModifySubnetAttribute.EnableResourceNameDnsAAAARecordOnLaunch": _NO_NAMES,
        "ModifySubnetAttribute.EnableLniAtDeviceIndex": _NO_OUTPOSTS,
        "ModifySubnetAttribute.DisableLniAtDeviceIndex": _NO_OUTPOSTS,
    }
)
"""``Operation.path`` to the reason; see ``wire.accept.Refusals``."""
