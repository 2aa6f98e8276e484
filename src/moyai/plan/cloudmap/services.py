"""Which Cloud Map services are valid, by their namespace's type, their DNS records and their health checks.

Promise: a service that Route 53 could not hold, or from which Cloud Map could not answer, is refused when it is created
or changed, not when it is used.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html, API_DnsRecord.html,
API_HealthCheckConfig.html, API_UpdateService.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from moyai.domain.cloudmap.errors import InvalidInput
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.operation import UpdateService
from moyai.domain.cloudmap.service import (
    DiscoveryService,
    DnsConfig,
    EndpointHealthCheck,
    HealthCheckType,
    RecordType,
    RoutingPolicy,
)
from moyai.domain.connect.outside import fault_in_attributes

_LONGEST_DNS_NAME: Final = 253
_PATH: Final = re.compile(r"/[!-~]*")
_COMBINATIONS: Final = frozenset(
    map(
        frozenset,
        (
            {RecordType.A},
            {RecordType.AAAA},
            {RecordType.A, RecordType.AAAA},
            {RecordType.SRV},
            {RecordType.A, RecordType.SRV},
            {RecordType.AAAA, RecordType.SRV},
            {RecordType.A, RecordType.AAAA, RecordType.SRV},
            {RecordType.CNAME},
        ),
    )
)


def check_service(namespace: Namespace, service: DiscoveryService, *, http_only: bool) -> None:
    """Raise InvalidInput when the service is not valid. ``http_only``: whether the request has ``Type: HTTP``."""
    if namespace.type is NamespaceType.HTTP and service.dns is not None:
        raise InvalidInput(f"The namespace {namespace.id} is an HTTP namespace; leave DnsConfig out.")
    if http_only and service.dns is not None:
        raise InvalidInput("A service of the type HTTP has no DNS records; leave DnsConfig or Type out.")
    if namespace.type is not NamespaceType.HTTP and service.dns is None and not http_only:
        raise InvalidInput(
            f"The namespace {namespace.id} is a DNS namespace: give the service's records in DnsConfig, or set Type to"
            " HTTP for a service without records."
        )
    if service.dns is not None:
        _check_records(service.dns)
        if len(f"{service.name}.{namespace.name}") > _LONGEST_DNS_NAME:
            raise InvalidInput(f"{service.name}.{namespace.name} is longer than a DNS name may be.")
    if service.health_check is not None:
        _check_health(namespace, service)


def change_records(service: DiscoveryService, new_config: DnsConfig | None) -> DnsConfig | None:
    """The DNS records of a changed service: TTLs may change, and records that are left out are removed.

    Raises InvalidInput.
    """
    if new_config is None:
        return None
    present = {record.type for record in service.dns.records} if service.dns is not None else set()
    if service.dns is None or not {record.type for record in new_config.records} <= present:
        raise InvalidInput("The types of a service's records can't be changed. Delete the service and create it anew.")
    merged_config = DnsConfig(new_config.records, service.dns.routing_policy)
    _check_records(merged_config)
    return merged_config


def check_change(namespace: Namespace, service: DiscoveryService, change: UpdateService) -> None:
    """Raise InvalidInput when the service does not allow this change."""
    if namespace.type is NamespaceType.HTTP and (change.dns is not None or change.health_check is not None):
        raise InvalidInput(f"The namespace {namespace.id} is an HTTP namespace; only the description can be changed.")
    if change.health_check is not None:
        if service.custom_health:
            raise InvalidInput("A service with HealthCheckCustomConfig can't have HealthCheckConfig.")
        _check_path(change.health_check)
        if namespace.type is not NamespaceType.DNS_PUBLIC:
            raise InvalidInput("HealthCheckConfig is for public DNS and HTTP namespaces.")
        _check_no_cname(change.dns)


def check_service_attributes(attributes: Mapping[str, str]) -> None:
    """Raise InvalidInput when an attribute that moyai interprets has an invalid value."""
    problem = fault_in_attributes(attributes)
    if problem is not None:
        raise InvalidInput(problem)


def _check_records(dns: DnsConfig) -> None:
    types = [record.type for record in dns.records]
    if len(set(types)) != len(types) or frozenset(types) not in _COMBINATIONS:
        raise InvalidInput("DnsRecords can be any of A, AAAA and SRV, once each, or CNAME.")
    if RecordType.CNAME in types and dns.routing_policy is not RoutingPolicy.WEIGHTED:
        raise InvalidInput("The RoutingPolicy of a service with a CNAME record must be WEIGHTED.")


def _check_health(namespace: Namespace, service: DiscoveryService) -> None:
    if service.custom_health:
        raise InvalidInput("Give HealthCheckConfig or HealthCheckCustomConfig, not both.")
    if namespace.type is NamespaceType.DNS_PRIVATE:
        raise InvalidInput("HealthCheckConfig is for public DNS and HTTP namespaces; use HealthCheckCustomConfig.")
    if service.health_check is not None:
        _check_path(service.health_check)
    _check_no_cname(service.dns)


def _check_path(check: EndpointHealthCheck) -> None:
    if check.type is HealthCheckType.TCP:
        if check.path is not None:
            raise InvalidInput("A health check of the type TCP has no ResourcePath.")
    elif check.path is not None and not _PATH.fullmatch(check.path):
        raise InvalidInput("ResourcePath begins with a slash and has no spaces and no control characters.")


def _check_no_cname(dns: DnsConfig | None) -> None:
    if dns is not None and any(record.type is RecordType.CNAME for record in dns.records):
        raise InvalidInput("A service with a CNAME record can't have HealthCheckConfig.")
