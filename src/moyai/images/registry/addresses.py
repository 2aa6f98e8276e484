"""Checks the hosts to which a registry sends moyai, by a redirect or as its token server.

Promise: a link-local address, where clouds have their metadata services, and an address that no host can have are
refused; so is this machine, unless the registry is on it. Private networks are allowed, because the storage of a
private registry is often there. The address is checked before the connection, so that a change of the name's address in
between is not noticed; but such a request has no credentials of another host, and the registry does not get the
response.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import httpx

from moyai.images.errors import Unreachable
from moyai.images.registry.failures import RequestFailed, without_query

_METADATA: Final = frozenset({ip_address("fd00:ec2::254"), ip_address("fd20:ce::254")})
"""The unique local addresses of metadata services: Amazon EC2's and Google Cloud's."""

_Address = IPv4Address | IPv6Address


async def check_registry(url: httpx.URL) -> bool:
    """Whether a registry that the user has named is on this machine. Raises RequestFailed if it can't be a server."""
    addresses = await _addresses(url.host)
    _refuse(url, [address for address in addresses if not _can_be_server(address)])
    return any(address.is_loopback for address in addresses)


async def check_target(url: httpx.URL, *, may_be_loopback: bool) -> None:
    """Raise RequestFailed if a registry must not send moyai to this URL."""
    addresses = await _addresses(url.host)
    _refuse(url, [a for a in addresses if not _can_be_server(a) or (a.is_loopback and not may_be_loopback)])


def _refuse(url: httpx.URL, addresses: list[_Address]) -> None:
    if addresses:
        raise RequestFailed(
            Unreachable,
            f"{without_query(url)} leads to {addresses[0]}, which no registry may lead to",
            "Link-local addresses are never connected to, and those of this machine only for a registry on it.",
        )


def _can_be_server(address: _Address) -> bool:
    return not (address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA)


async def _addresses(host: str) -> list[_Address]:
    """The addresses of a host; none if its name can't be resolved, which the connection then reports."""
    try:
        return [_plain(host)]
    except ValueError:
        pass
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [_plain(str(address[0])) for *_, address in infos]


def _plain(text: str) -> _Address:
    """The address in a text, without its zone id. An IPv4-mapped IPv6 address becomes the IPv4 address."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
