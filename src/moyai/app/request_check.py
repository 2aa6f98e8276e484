"""Checks requests as the API gateway would, without a server: whether AWS's models or moyai refuse them.

Promise: nothing is started or stored. Refusals that depend on other records are not found; for RegisterTaskDefinition
and CreateService, the rules that need no other records are checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.ecs.services.creation_rules import definition_rules, settings_rules, template_rules
from moyai.api.ecs.services.requests import CreateServiceRequest
from moyai.api.ecs.task_definitions.registration import (
    RegisterTaskDefinitionRequest,
    draft_definition,
    registration_rules,
)
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.models import load_models
from moyai.api.operation import ApiService, DeferredService
from moyai.api.rules import Rule, broken_rules
from moyai.api.wire.http import HttpRequest
from moyai.api.wire.unknown_members import collect_unknown_members
from moyai.app.adapters.gateway_caller import fit_input
from moyai.app.clock import SystemClock
from moyai.app.config import Settings
from moyai.app.wiring import ServicePorts, services
from moyai.dns.index import Zones
from moyai.domain.world import World
from moyai.kernel.errors import ClientFault
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.runtime.sim.runtime import SimRuntime
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.log_memory import MemoryLogStore
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead

_ECS: Final = "ecs"
_HEADERS: Final = MappingProxyType({"content-type": "application/x-amz-json-1.1"})


def idle_services() -> Sequence[ApiService]:
    """All services of the API gateway, only for reading what their operations accept: they can't be called."""
    return [service.load() for service in _deferred_services()]


def _deferred_services() -> Sequence[DeferredService]:
    head, clock = MetricHead(), SystemClock()
    sessions = ExecSessionRegistry(SimRuntime(clock), clock)
    blobs = BlobFiles(Path(), clock, BlobLimits())
    zones = Zones(World(), lambda _: 0)
    ports = ServicePorts(SeriesReader(head), head, MemoryLogStore(), blobs, sessions, clock, zones)
    return services(ports, Settings(), None)


class RequestCheck:
    """The checks of operations. A service and its operations have botocore's names."""

    def __init__(self) -> None:
        self._services = {service.name: service for service in _deferred_services()}
        self._models = load_models()
        self._dispatchers: dict[str, ServiceDispatcher] = {}

    def _dispatcher(self, service: str) -> ServiceDispatcher:
        """The dispatcher of a service, whose operations are loaded when they are first asked for."""
        if service not in self._dispatchers:
            self._dispatchers[service] = ServiceDispatcher(self._services[service].load(), self._models[service])
        return self._dispatchers[service]

    def has_service(self, name: str) -> bool:
        """Whether moyai implements the service."""
        return name in self._services

    def input_shape(self, service: str, operation: str) -> StructureShape:
        """The model of an operation's input."""
        shape = self._dispatcher(service).model.operation_model(operation).input_shape
        if shape is None:
            raise KeyError(operation)
        return shape

    def ecs_refusals(self, operation: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """Why the model, or moyai, refuses a request to ECS as it is sent. Raises TypeError and ValueError for values
        that JSON can't express.
        """
        dispatcher = self._dispatcher(_ECS)
        try:
            return dispatcher.refusals(dispatcher.operation(operation), self._ecs_params(operation, parameters))
        except ClientFault as fault:
            return [fault.message]

    def unknown_ecs_members(self, operation: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """The members that the model of a request to ECS lacks, as ``Shape.member``; none of a refused request."""
        with collect_unknown_members() as members:
            try:
                self._ecs_params(operation, parameters)
            except (ClientFault, TypeError, ValueError):
                return []
        return list(dict.fromkeys(members))

    def broken_rules(
        self, operation: str, members: Mapping[str, Any], definition: Mapping[str, Any] | None
    ) -> Sequence[str]:
        """The rules that a request to ECS breaks, apart from members that moyai does not support. ``definition``: the
        request that registers a service's task definition, if it is known. The result is empty if the model refuses
        the request.
        """
        match self._ecs_request(operation, members):
            case RegisterTaskDefinitionRequest() as registration:
                rules = registration_rules(registration, DEFAULT_SCOPE)
            case CreateServiceRequest() as creation:
                rules = self._service_rules(creation, definition)
            case _:
                return []
        return list(dict.fromkeys(fault.message for fault in broken_rules(rules)))

    def _service_rules(self, creation: CreateServiceRequest, definition: Mapping[str, Any] | None) -> Iterator[Rule]:
        yield from settings_rules(creation)
        yield from template_rules(creation)
        registration = None if definition is None else self._ecs_request("RegisterTaskDefinition", definition)
        if isinstance(registration, RegisterTaskDefinitionRequest):
            yield from definition_rules(creation, draft_definition(registration, DEFAULT_SCOPE))

    def _ecs_request(self, operation: str, members: Mapping[str, Any]) -> object | None:
        """The typed request; None if the model refuses it."""
        dispatcher = self._dispatcher(_ECS)
        try:
            params = self._ecs_params(operation, members)
        except (ClientFault, TypeError, ValueError):
            return None
        return dispatcher.supported_request(dispatcher.operation(operation), params)

    def _ecs_params(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a request as the gateway reads them. Raises ClientFault for a value of the wrong type,
        TypeError and ValueError for one that JSON can't express.
        """
        dispatcher = self._dispatcher(_ECS)
        request = HttpRequest("POST", "/", "", _HEADERS, json.dumps(members).encode())
        codec = next(iter(dispatcher.codecs.values()))
        return codec.parse(dispatcher.model.operation_model(operation), request)

    def fit_members(self, service: str, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """The members with the names and types of the model, as for a request of a stack. Raises ValueError."""
        try:
            return fit_input(
                Call(service, operation, members), self._dispatcher(service).model.operation_model(operation)
            )
        except AwsCallFailed as fault:
            raise ValueError(fault.message) from None

    def refusals(
        self, service: str, operation: str, members: Mapping[str, Any], unknown: AbstractSet[str]
    ) -> Sequence[str]:
        """All reasons to refuse fitted members. ``unknown``: the names, in lower case, of those that
        have no value yet.
        """
        dispatcher = self._dispatcher(service)
        params = _params(members, self.input_shape(service, operation))
        try:
            return dispatcher.refusals(dispatcher.operation(operation), params, unknown)
        except ClientFault as fault:
            return [fault.message]


@cache
def request_check() -> RequestCheck:
    """The checks, of which those of an operation are built when it is first checked."""
    return RequestCheck()


def _params(value: Any, shape: Shape) -> Any:  # noqa: ANN401 (an input)
    """The value with the names that members have inside moyai."""
    match shape:
        case StructureShape() if not shape.is_document_type and isinstance(value, Mapping):
            return {xform_name(name): _params(member, shape.members[name]) for name, member in value.items()}
        case ListShape():
            return [_params(element, shape.member) for element in value]
        case MapShape():
            return {key: _params(member, shape.value) for key, member in value.items()}
        case _:
            return value
