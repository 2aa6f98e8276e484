"""One change of a batch: its input, and the record set that it is about.

Promise: a simple, a weighted, a latency or a multivalue record set, with values or as an alias. Other ways of routing
need health checks or more than one place in the world; they are refused by name.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.domain.route53.errors import InvalidChangeBatch, InvalidRoute53Input
from moyai.domain.route53.names import DomainNameProblem, lies_within, normalized_name
from moyai.domain.route53.values import RecordValueProblem, rdata_of
from moyai.domain.route53.zone import AliasOf, HostedZone, ResourceRecordSet
from moyai.kernel.ids import Region

_MAX_VALUES: Final = 400
"""The most values of a record set."""
_SINGLE_VALUE_TYPES: Final = frozenset({"CNAME", "SOA"})
_SINGLE_ANSWER_TYPES: Final = frozenset({"CNAME", "NS", "SOA"})
"""The types that a multivalue answer can't have."""
_ALIAS_TYPES_REFUSED: Final = frozenset({"NS", "SOA"})


class ResourceRecordRequest(msgspec.Struct, frozen=True):
    value: str


class AliasTargetRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    dns_name: str
    evaluate_target_health: bool


class RecordSetRequest(msgspec.Struct, frozen=True):
    name: str
    type: str
    set_identifier: str | None = None
    weight: int | None = None
    region: Region | None = None
    multi_value_answer: bool = False
    ttl: int | None = None
    resource_records: tuple[ResourceRecordRequest, ...] = ()
    alias_target: AliasTargetRequest | None = None


class ChangeRequest(msgspec.Struct, frozen=True):
    action: str
    resource_record_set: RecordSetRequest


def record_set_of(zone: HostedZone, change: ChangeRequest) -> ResourceRecordSet:
    """The record set that a change is about. Raises InvalidRoute53Input, InvalidChangeBatch."""
    request = change.resource_record_set
    _check_form(change)
    try:
        name = normalized_name(request.name)
        alias = None if request.alias_target is None else _alias(request.alias_target)
        if not lies_within(name, zone.name):
            raise InvalidChangeBatch([f"RRSet with DNS name {name} is not permitted in zone {zone.name}"])
        for record in request.resource_records:
            rdata_of(request.type, record.value)
    except DomainNameProblem as problem:
        raise InvalidChangeBatch([str(problem)]) from problem
    except RecordValueProblem as problem:
        raise InvalidChangeBatch([f"Invalid Resource Record: '{problem}'"]) from problem
    return ResourceRecordSet(
        zone=zone.id,
        name=name,
        type=request.type,
        ttl=request.ttl,
        values=tuple(record.value for record in request.resource_records),
        alias=alias,
        set_identifier=request.set_identifier,
        weight=request.weight,
        region=request.region,
        multivalue=request.multi_value_answer,
    )


def _alias(target: AliasTargetRequest) -> AliasOf:
    return AliasOf(target.hosted_zone_id, normalized_name(target.dns_name), target.evaluate_target_health)


def _check_form(change: ChangeRequest) -> None:
    """Raise InvalidRoute53Input where members are missing or exclude each other."""
    request = change.resource_record_set
    where = (
        f"in Change with [Action={change.action}, Name={request.name}, Type={request.type}, "
        f"SetIdentifier={request.set_identifier or 'null'}]"
    )
    plain = request.ttl is not None and bool(request.resource_records)
    either = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
    if request.alias_target is None and not plain:
        raise InvalidRoute53Input(f"Invalid request: Expected exactly one of {either}, but found none {where}")
    if request.alias_target is not None and (request.ttl is not None or request.resource_records):
        raise InvalidRoute53Input(f"Invalid request: Expected exactly one of {either}, but found more than one {where}")
    routing = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, CidrRoutingConfig, or GeoProximityLocation]"
    policies = (request.weight is not None) + (request.region is not None) + request.multi_value_answer
    if policies > 1:
        raise InvalidRoute53Input(
            f"Invalid request: Expected at most one of {routing}, but found more than one {where}"
        )
    if policies and request.set_identifier is None:
        raise InvalidRoute53Input(f"Invalid request: Missing field 'SetIdentifier' {where}")
    if not policies and request.set_identifier is not None:
        raise InvalidRoute53Input(f"Invalid request: Expected exactly one of {routing}, but found none {where}")
    if request.multi_value_answer and request.alias_target is not None:
        raise InvalidRoute53Input(f"Invalid request: An alias can't be a multivalue answer {where}")
    if request.alias_target is not None and request.type in _ALIAS_TYPES_REFUSED:
        raise InvalidRoute53Input(f"Invalid request: An alias can't have the type {request.type} {where}")
    _check_values(request, where)


def _check_values(request: RecordSetRequest, where: str) -> None:
    if request.multi_value_answer and request.type in _SINGLE_ANSWER_TYPES:
        raise InvalidRoute53Input(f"Invalid request: A multivalue answer can't have the type {request.type} {where}")
    values = [record.value for record in request.resource_records]
    if len(values) > 1 and request.type in _SINGLE_VALUE_TYPES:
        raise InvalidChangeBatch([f"RRSet of type {request.type} with DNS name {request.name} has more than one value"])
    if len(values) > _MAX_VALUES:
        raise InvalidRoute53Input(f"Invalid request: A record set has at most {_MAX_VALUES} values {where}")
    if len(set(values)) < len(values):
        raise InvalidChangeBatch([f"Duplicate Resource Record: '{_first_repeated(values)}'"])


def _first_repeated(values: list[str]) -> str:
    return next(value for position, value in enumerate(values) if value in values[:position])
