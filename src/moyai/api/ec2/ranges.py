"""Parses IPv4 and IPv6 ranges in EC2's requests.

Promise: a range is returned in EC2's canonical form, 10.0.0.0/16 for 10.0.1.7/16. IPv6 addresses with a zone id are
refused.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError
from typing import Final

from moyai.domain.vpc.errors import InvalidParameterValue
from moyai.kernel.errors import ClientFault

LARGEST, SMALLEST = 16, 28
"""The prefix lengths of the largest and the smallest range that a VPC or a subnet can have."""
_PREFIX: Final = re.compile(r"[0-9]{1,3}")
_NO_PREFIX: Final = -1
"""A prefix length that Python's networks refuse."""


def network(text: str, member: str) -> IPv4Network:
    """The IPv4 range in a text. Raises InvalidParameterValue, which names the member."""
    address, _, prefix = text.partition("/")
    try:
        return IPv4Network((address, _prefix_length(prefix)), strict=False)
    except (AddressValueError, NetmaskValueError):
        raise InvalidParameterValue(
            f"Value ({text[:60]}) for parameter {member} is invalid. This is not a valid IPv4 CIDR block."
        ) from None


def network_of_ipv6(text: str, member: str) -> IPv6Network:
    """The IPv6 range in a text. Raises InvalidParameterValue, which names the member."""
    address, _, prefix = text.partition("/")
    try:
        # Python accepts a zone id, with any characters
        return IPv6Network((address, _NO_PREFIX if "%" in address else _prefix_length(prefix)), strict=False)
    except (AddressValueError, NetmaskValueError):
        raise InvalidParameterValue(
            f"Value ({text[:60]}) for parameter {member} is invalid. This is not a valid IPv6 CIDR block."
        ) from None


def block(text: str, member: str, error: type[ClientFault]) -> IPv4Network:
    """The IPv4 range of a VPC or a subnet. Raises InvalidParameterValue, and ``error`` for a wrong prefix length."""
    parsed_network = network(text, member)
    if not LARGEST <= parsed_network.prefixlen <= SMALLEST:
        raise error(f"The CIDR '{text}' is invalid: its prefix has to be between /{LARGEST} and /{SMALLEST}.")
    return parsed_network


def _prefix_length(text: str) -> int:
    return int(text) if _PREFIX.fullmatch(text) else _NO_PREFIX
