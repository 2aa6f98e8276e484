"""The record sets of a zone that Cloud Map manages: those of the zone itself, and one for each record of an instance.

Source: https://docs.aws.amazon.com/cloud-map/latest/dg/services-route53.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.cloudmap.service import (
    ALIAS_DNS_NAME,
    INSTANCE_PORT,
    SRV_PRIORITY,
    SRV_WEIGHT,
    VALUE_ATTRIBUTES,
    DiscoveryInstance,
    DiscoveryService,
    DnsRecord,
    RecordType,
    RoutingPolicy,
)
from moyai.domain.route53.names import DomainNameProblem, normalized_name
from moyai.domain.route53.zone import AliasOf, HostedZone, ResourceRecordSet, apex_records
from moyai.domain.world import World


def managed_record_sets(world: World, zone: HostedZone) -> list[ResourceRecordSet]:
    """The record sets of a managed zone, in the order of lists."""
    record_sets = list(apex_records(zone))
    for namespace in world.namespaces.by("hosted_zone", zone.id):
        for service in world.discovery_services.each("namespace", namespace.arn):
            for instance in world.discovery_instances.each("service", service.arn):
                record_sets += _instance_record_sets(zone, service, instance)
    return sorted(record_sets, key=lambda record_set: record_set.key)


def _instance_record_sets(
    zone: HostedZone, service: DiscoveryService, instance: DiscoveryInstance
) -> Iterator[ResourceRecordSet]:
    if service.dns is None:
        return
    multivalue = service.dns.routing_policy is RoutingPolicy.MULTIVALUE
    for config in service.dns.records:
        try:
            name = normalized_name(zone.name if service.name == "." else f"{service.name}.{zone.name}")
            value = _value(config, instance, name)
        except (DomainNameProblem, KeyError):  # an instance without this record, as in DNS
            continue
        yield ResourceRecordSet(
            zone=zone.id,
            name=name,
            type=str(config.type),
            ttl=config.ttl if isinstance(value, str) else None,
            values=(value,) if isinstance(value, str) else (),
            alias=None if isinstance(value, str) else value,
            set_identifier=instance.id,
            weight=None if multivalue else 1,
            multivalue=multivalue,
        )


def _value(config: DnsRecord, instance: DiscoveryInstance, name: str) -> str | AliasOf:
    """The value of an instance's record. Raises KeyError where the instance has none."""
    attributes = instance.attributes
    if config.type is RecordType.SRV:
        return f"{SRV_PRIORITY} {SRV_WEIGHT} {attributes[INSTANCE_PORT]} {instance.id}.{name}"
    if config.type is not RecordType.CNAME and ALIAS_DNS_NAME in attributes:
        return AliasOf("", normalized_name(attributes[ALIAS_DNS_NAME]))
    return attributes[VALUE_ATTRIBUTES[config.type]]
