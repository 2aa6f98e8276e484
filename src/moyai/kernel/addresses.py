"""IP addresses as texts."""

from __future__ import annotations

from ipaddress import ip_address


def is_ip_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
