"""The proxy configuration of a task definition, for App Mesh, and what it requires of the task's network.

Promise: it is stored as it was given, and parsed here only. A property without a value counts as missing; ports and
addresses are lists with commas. The proxy listens at the ports of App Mesh's Envoy, so others are refused.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final, TypeVar

import msgspec

from moyai.domain.ecs.environment import KeyValuePair

APPMESH: Final = "APPMESH"
INGRESS_PORT: Final = 15000
EGRESS_PORT: Final = 15001
"""The ports of App Mesh's proxies."""

T = TypeVar("T")
_PROPERTIES: Final = (
    "IgnoredUID",
    "IgnoredGID",
    "ProxyIngressPort",
    "ProxyEgressPort",
    "AppPorts",
    "EgressIgnoredPorts",
    "EgressIgnoredIPs",
)
_IDS: Final = range(2**32 - 1)
_PORTS: Final = range(1, 65536)
_MOST_DIGITS: Final = 10


class ProxyConfiguration(msgspec.Struct, frozen=True):
    """A proxy configuration. ``container_name``: that of the proxy."""

    container_name: str
    type: str | None = None
    properties: tuple[KeyValuePair, ...] | None = None


class Properties(msgspec.Struct, frozen=True):
    """The parsed properties. ``ingress_port`` and ``app_ports`` are set together or not at all."""

    egress_port: int
    uid: int | None = None
    gid: int | None = None
    ingress_port: int | None = None
    app_ports: tuple[int, ...] = ()
    ignored_ports: tuple[int, ...] = ()
    ignored_ranges: tuple[str, ...] = ()


def read_properties(configuration: ProxyConfiguration) -> Properties:
    """Parse the properties. Raises ValueError with a sentence about the fault."""
    texts = _by_name(configuration.properties or ())
    uid, gid = _single_value(texts, "IgnoredUID", _id), _single_value(texts, "IgnoredGID", _id)
    if uid is None and gid is None:
        raise ValueError("IgnoredUID or IgnoredGID must be specified.")
    ingress, egress = (
        _single_value(texts, "ProxyIngressPort", _port),
        _single_value(texts, "ProxyEgressPort", _port),
    )
    if egress is None:
        raise ValueError("ProxyEgressPort must be specified.")
    for name, port, agent_port in (("Ingress", ingress, INGRESS_PORT), ("Egress", egress, EGRESS_PORT)):
        if port not in {None, agent_port}:
            raise ValueError(f"Proxy{name}Port must be {agent_port}, where App Mesh's proxy listens, not {port}.")
    ports = _value_list(texts, "AppPorts", _port)
    if (ingress is None) != (not ports):
        raise ValueError("ProxyIngressPort and AppPorts must be specified together.")
    if {INGRESS_PORT, EGRESS_PORT} & set(ports):
        raise ValueError("AppPorts can't contain a port of the proxy.")
    return Properties(
        egress_port=egress,
        uid=uid,
        gid=gid,
        ingress_port=ingress,
        app_ports=ports,
        ignored_ports=_value_list(texts, "EgressIgnoredPorts", _port),
        ignored_ranges=_value_list(texts, "EgressIgnoredIPs", _range),
    )


def _by_name(properties: tuple[KeyValuePair, ...]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for pair in properties:
        if pair.name not in _PROPERTIES:
            raise ValueError(f"{pair.name} is no property: they are {', '.join(_PROPERTIES)}.")
        if pair.name in texts:
            raise ValueError(f"{pair.name} is specified twice.")
        texts[pair.name] = pair.value.strip()
    return texts


def _single_value(texts: Mapping[str, str], name: str, read: Callable[[str], T]) -> T | None:
    values = _value_list(texts, name, read)
    if len(values) > 1:
        raise ValueError(f"{name} is one value, not {texts[name]!r}.")
    return values[0] if values else None


def _value_list(texts: Mapping[str, str], name: str, read: Callable[[str], T]) -> tuple[T, ...]:
    words = texts.get(name, "")
    try:
        return tuple(dict.fromkeys(read(word.strip()) for word in words.split(","))) if words else ()
    except ValueError as error:
        raise ValueError(f"{name} can't be {words!r}.") from error


def _id(word: str) -> int:
    return _number(word, _IDS)


def _port(word: str) -> int:
    return _number(word, _PORTS)


def _number(word: str, among: range) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS and int(word) in among):
        raise ValueError(word)
    return int(word)


def _range(word: str) -> str:
    """Parse an address or a range of addresses."""
    return str(ip_network(word, strict=False))
