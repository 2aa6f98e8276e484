"""IPv4 and IPv6 ranges in EC2's requests.

Promise: a range is returned in EC2's canonical form: 10.0.1.7/16 is 10.0.0.0/16.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError

from moyai.domain.vpc.errors import InvalidParameterValue
from moyai.kernel.errors import ClientFault

LARGEST, SMALLEST = 16, 28
"""Prefix lengths of VPCs and subnets."""


def network(text: str, member: str) -> IPv4Network:
    """The range. Raises InvalidParameterValue."""
    address, _, prefix = text.partition("/")
    try:
        return IPv4Network((address, int(prefix) if prefix.isdecimal() else -1), strict=False)
    except (AddressValueError, NetmaskValueError):
        raise InvalidParameterValue(
            f"Value ({text[:60]}) for parameter {member} is invalid. This is not a valid IPv4 CIDR block."
        ) from None


def network_of_ipv6(text: str, member: str) -> IPv6Network:
    """The range. Raises InvalidParameterValue."""
    address, _, prefix = text.partition("/")
    try:
        return IPv6Network((address, int(prefix) if prefix.isdecimal() else -1), strict=False)
    except (AddressValueError, NetmaskValueError):
        raise InvalidParameterValue(
            f"Value ({text[:60]}) for parameter {member} is invalid. This is not a valid IPv6 CIDR block."
        ) from None


def block(text: str, member: str, error: type[ClientFault]) -> IPv4Network:
    """The range of a VPC or a subnet. Raises InvalidParameterValue or the error."""
    parsed_network = network(text, member)
    if not LARGEST <= parsed_network.prefixlen <= SMALLEST:
        raise error(f"The CIDR '{text}' is invalid: its prefix has to be between /{LARGEST} and /{SMALLEST}.")
    return parsed_network
