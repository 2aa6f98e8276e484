"""Checks a request of ECS as its API gateway would, without a server: what AWS's model and moyai refuse of it.

Promise: nothing is started or stored. What a handler would refuse, because of other records, is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.ecs.service import ecs
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.models import load_models
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest
from moyai.app.clock import SystemClock
from moyai.kernel.errors import ClientFault
from moyai.runtime.sim.runtime import SimRuntime
from moyai.stacks.types.registry import resource_types

_HEADERS: Final = MappingProxyType({"content-type": "application/x-amz-json-1.1"})


class RequestCheck:
    """The checks of ECS's operations."""

    def __init__(self) -> None:
        clock = SystemClock()
        service = ecs(ExecSessionRegistry(SimRuntime(clock), clock))
        self._dispatcher = ServiceDispatcher(service, load_models(["ecs"])["ecs"])

    def refusal(self, operation: str, parameters: Mapping[str, Any]) -> str | None:
        """Why a request with these parameters is refused, all reasons at once; None for one that is not."""
        body = json.dumps(parameters).encode()
        protocol = next(iter(self._dispatcher.codecs))
        request = HttpRequest("POST", "/", "", _HEADERS, body)
        try:
            checked_operation = self._dispatcher.operation(operation)
            self._dispatcher.parse(checked_operation, RawRequest(protocol, operation, body), request)
        except ClientFault as fault:
            return fault.message
        return None

    def is_resource_type(self, name: str) -> bool:
        """Whether a CloudFormation stack may have resources of this type."""
        return name in resource_types() or name.startswith("AWS::CloudFormation::")
