"""Which attributes an instance can have.

Promise: a registered instance has the attributes that its service's DNS records and health check need, and each
reserved attribute has a valid value. All others are custom attributes, up to AWS's limits.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudmap.errors import InvalidInput
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import (
    ALIAS_DNS_NAME,
    EC2_INSTANCE_ID,
    INIT_HEALTH_STATUS,
    INSTANCE_CNAME,
    INSTANCE_IPV4,
    INSTANCE_IPV6,
    INSTANCE_PORT,
    DiscoveryService,
    RecordType,
    RoutingPolicy,
)
from moyai.domain.world import World

MAX_CUSTOM: Final = 30
MAX_SIZE: Final = 5000
"""Characters of all keys and values together."""
_RESERVED_PREFIX: Final = "AWS_"
_INSTANCE_PREFIX: Final = "AWS_INSTANCE_"
_MAX_PORT: Final = 65535
_LONGEST_DNS_NAME: Final = 253
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def check_attributes(
    world: World, namespace: Namespace, service: DiscoveryService, attributes: Mapping[str, str]
) -> Mapping[str, str]:
    """The attributes to register with; an interface's id is resolved to its address. Raises InvalidInput."""
    _check_size(attributes)
    for key, is_valid in _VALID.items():
        if key in attributes and not is_valid(attributes[key]):
            raise InvalidInput(f"The value of {key} is not valid: {attributes[key][:100]!r}.")
    if INIT_HEALTH_STATUS in attributes and not service.custom_health:
        raise InvalidInput(f"{INIT_HEALTH_STATUS} is for services with HealthCheckCustomConfig.")
    if ALIAS_DNS_NAME in attributes:
        _check_alias(service, attributes)
    elif EC2_INSTANCE_ID in attributes:
        return _with_interface_address(world, namespace, attributes)
    else:
        _check_needs(service, attributes)
    return dict(attributes)


def _check_size(attributes: Mapping[str, str]) -> None:
    unknown = [key for key in attributes if key.startswith(_RESERVED_PREFIX) and key not in _VALID]
    if unknown:
        raise InvalidInput(f"{unknown[0][:100]} is no attribute: names that begin with AWS_ are reserved.")
    if sum(key not in _VALID for key in attributes) > MAX_CUSTOM:
        raise InvalidInput(f"An instance can have at most {MAX_CUSTOM} custom attributes.")
    if sum(len(key) + len(value) for key, value in attributes.items()) > MAX_SIZE:
        raise InvalidInput(f"All attributes together can have at most {MAX_SIZE} characters.")


def _check_alias(service: DiscoveryService, attributes: Mapping[str, str]) -> None:
    types = {record.type for record in service.dns.records} if service.dns is not None else set()
    if not types or not types <= {RecordType.A, RecordType.AAAA}:
        raise InvalidInput(f"{ALIAS_DNS_NAME} is for services with A or AAAA records.")
    if service.dns is None or service.dns.routing_policy is not RoutingPolicy.WEIGHTED:
        raise InvalidInput(f"{ALIAS_DNS_NAME} is for services whose RoutingPolicy is WEIGHTED.")
    conflicting = [key for key in attributes if key.startswith(_INSTANCE_PREFIX) or key == EC2_INSTANCE_ID]
    if conflicting:
        raise InvalidInput(f"{conflicting[0]} can't be given together with {ALIAS_DNS_NAME}.")


def _with_interface_address(world: World, namespace: Namespace, attributes: Mapping[str, str]) -> Mapping[str, str]:
    """The attributes, with the private address of the task whose network interface they name."""
    identifier = attributes[EC2_INSTANCE_ID]
    if namespace.type is not NamespaceType.HTTP:
        raise InvalidInput(f"{EC2_INSTANCE_ID} is for HTTP namespaces.")
    conflicting = [key for key in attributes if key not in {EC2_INSTANCE_ID, INIT_HEALTH_STATUS}]
    if conflicting:
        raise InvalidInput(f"{conflicting[0][:100]} can't be given together with {EC2_INSTANCE_ID}.")
    holder = next((task for task in world.tasks.each("interface", identifier) if not task.stopped), None)
    if holder is None:
        raise InvalidInput(
            f"The instance {identifier[:100]} does not exist. There are no EC2 instances here: give the id of a"
            f" running task's network interface, or register the address itself as {INSTANCE_IPV4}."
        )
    return {**attributes, INSTANCE_IPV4: holder.interface.address}


def _check_needs(service: DiscoveryService, attributes: Mapping[str, str]) -> None:
    for record in service.dns.records if service.dns is not None else ():
        missing = [key for key in _NEEDS[record.type] if key not in attributes]
        if missing:
            raise InvalidInput(f"{missing[0]} is required: the service has a record of the type {record.type}.")
        if record.type is RecordType.SRV and not _has_address(attributes):
            raise InvalidInput(f"{INSTANCE_IPV4} or {INSTANCE_IPV6} is required: the service has an SRV record.")
    if service.health_check is not None:
        if INSTANCE_PORT not in attributes:
            raise InvalidInput(f"{INSTANCE_PORT} is required: the service has a health check.")
        if not _has_address(attributes):
            raise InvalidInput(f"{INSTANCE_IPV4} or {INSTANCE_IPV6} is required: the service has a health check.")


def _has_address(attributes: Mapping[str, str]) -> bool:
    return INSTANCE_IPV4 in attributes or INSTANCE_IPV6 in attributes


def _is_ipv4(text: str) -> bool:
    with suppress(ValueError):
        return str(IPv4Address(text)) == text
    return False


def _is_ipv6(text: str) -> bool:
    with suppress(ValueError):
        return IPv6Address(text).scope_id is None
    return False


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _MAX_PORT and len(text) <= len(str(_MAX_PORT))


def is_dns_name(text: str) -> bool:
    """Whether the text is labels of letters, digits, underscores and hyphens; it may end with a dot."""
    name = text.removesuffix(".")
    return len(name) <= _LONGEST_DNS_NAME and all(_LABEL.fullmatch(label) for label in name.split("."))


_VALID: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        INSTANCE_IPV4: _is_ipv4,
        INSTANCE_IPV6: _is_ipv6,
        INSTANCE_PORT: _is_port,
        INSTANCE_CNAME: is_dns_name,
        ALIAS_DNS_NAME: is_dns_name,
        EC2_INSTANCE_ID: bool,
        INIT_HEALTH_STATUS: {"HEALTHY", "UNHEALTHY"}.__contains__,
    }
)
"""The reserved attributes, each with the check of its value."""

_NEEDS: Mapping[RecordType, tuple[str, ...]] = MappingProxyType(
    {
        RecordType.A: (INSTANCE_IPV4,),
        RecordType.AAAA: (INSTANCE_IPV6,),
        RecordType.CNAME: (INSTANCE_CNAME,),
        RecordType.SRV: (INSTANCE_PORT,),
    }
)
