"""Checks requests as the API gateway would, without a server: what AWS's models and moyai refuse of them.

Promise: nothing is started or stored. What a handler would refuse, because of other records, is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.models import load_models
from moyai.api.operation import ApiService, DeferredService
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest
from moyai.app.adapters.gateway_caller import fit_input
from moyai.app.clock import SystemClock
from moyai.app.config import Settings
from moyai.app.wiring import ServicePorts, services
from moyai.dns.index import Zones
from moyai.domain.world import World
from moyai.kernel.errors import ClientFault
from moyai.runtime.sim.runtime import SimRuntime
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.log_memory import MemoryLogStore
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead

_ECS: Final = "ecs"
_HEADERS: Final = MappingProxyType({"content-type": "application/x-amz-json-1.1"})


def idle_services() -> Sequence[ApiService]:
    """All services of the API gateway, for reading what their operations accept; none of them can be called."""
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

    def ecs_refusal(self, operation: str, parameters: Mapping[str, Any]) -> str | None:
        """Why a request of ECS's, as it is sent, is refused; None for one that is not."""
        dispatcher = self._dispatcher(_ECS)
        body = json.dumps(parameters).encode()
        protocol = next(iter(dispatcher.codecs))
        request = HttpRequest("POST", "/", "", _HEADERS, body)
        try:
            dispatcher.parse(dispatcher.operation(operation), RawRequest(protocol, operation, body), request)
        except ClientFault as fault:
            return fault.message
        return None

    def fit_members(self, service: str, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Members with the names and the types of the model, as a stack's are. Raises ValueError."""
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
    """The checks; what they know of an operation is built at its first request."""
    return RequestCheck()


def _params(value: Any, shape: Shape) -> Any:  # noqa: ANN401 (an input)
    """The value with the names that members have inside of moyai."""
    match shape:
        case StructureShape() if not shape.is_document_type and isinstance(value, Mapping):
            return {xform_name(name): _params(member, shape.members[name]) for name, member in value.items()}
        case ListShape():
            return [_params(element, shape.member) for element in value]
        case MapShape():
            return {key: _params(member, shape.value) for key, member in value.items()}
        case _:
            return value
