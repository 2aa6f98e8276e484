"""Requests that a web page of another origin may have sent through the user's browser.

Source: docs/decisions/browsers-are-kept-out.md
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from moyai.domain.ecr.registry_host import is_aws_registry
from moyai.kernel.addresses import is_ip_address
from moyai.kernel.browsers import is_from_elsewhere


def browser_problem(headers: Mapping[str, str]) -> str | None:
    """The reason why a web page of another origin may have sent the request; None when no such page can."""
    if is_from_elsewhere(headers):
        return "Requests that a web page of another origin makes are not answered."
    if not is_own_host(headers):
        host = _hostname(headers)
        return f"'{host[:100]}' is not a name of this server. Use localhost, or an IP address of the server."
    return None


def _hostname(headers: Mapping[str, str]) -> str:
    """The name or address that the request was sent to, without the prefix ``data-`` that SDKs add."""
    try:
        return (urlsplit(f"//{headers.get('host', '')}").hostname or "").removeprefix("data-")
    except ValueError:
        return ""


def is_own_host(headers: Mapping[str, str]) -> bool:
    """Whether the request was sent to an address, ``localhost`` or a registry's name in AWS's domain. No page of
    another origin has such a name.
    """
    host = _hostname(headers)
    return is_aws_registry(host) or host == "localhost" or host.endswith(".localhost") or is_ip_address(host)
