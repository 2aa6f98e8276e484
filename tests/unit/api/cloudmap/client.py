"""Cloud Map without a network: each call is read, checked, handled and written as the gateway does it."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from functools import cache
from typing import Any, cast

import msgspec
from botocore.model import ServiceModel

from moyai.api.cloudmap.service import cloudmap
from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import Context
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.cloudmap.operation import OperationStatus
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.vpc.default import default_vpc
from moyai.kernel.errors import ApiError
from moyai.plan.cloudmap.operations import plan_operation
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE

VPC = default_vpc(SCOPE).id
PREFIX = f"arn:aws:servicediscovery:{SCOPE.region}:{SCOPE.account}:"


@cache
def model() -> ServiceModel:
    return load_models(["servicediscovery"])["servicediscovery"]


class CloudMapClient:
    """A client of one account and region, and the world behind it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ids = SeededIds(7)
        self.now = EPOCH
        self._dispatcher = ServiceDispatcher(cloudmap(CloudMapQuotas()), model())

    @property
    def world(self):
        return self.store.world

    def call(self, operation: str, **params: object) -> dict[str, Any]:
        """The answer as a client reads it. Raises what the gateway would answer with."""
        raw = RawRequest("json", operation, msgspec.json.encode(params))
        entry = self._dispatcher.operation(operation)
        request = HttpRequest("POST", "/", "", {}, raw.body)
        typed = self._dispatcher.parse(entry, raw, request).typed_request
        context = Context(SCOPE, self.now, self.ids, self.store, "arn:aws:iam::123456789012:root", "", "r")
        return dict(json.loads(_at_once(self._dispatcher.respond(entry, typed, raw, context)).body or b"{}"))

    def failure(self, operation: str, **params: object) -> ApiError | None:
        """Why the call can't be; None when it could."""
        try:
            self.call(operation, **params)
        except ApiError as error:
            return error
        return None

    def run_operation(self, operation: str, **params: object) -> dict[str, Any]:
        """The operation that the call began, when it is over."""
        operation_id = self.call(operation, **params)["OperationId"]
        self.settle()
        return dict(self.call("GetOperation", OperationId=operation_id)["Operation"])

    def step(self, key: str) -> OperationStatus | None:
        """One step of an operation, and where it is then."""
        self.store.apply(plan_operation(self.world, key, self.now).changes)
        operation = self.world.operations.get(key)
        return None if operation is None else operation.status

    def settle(self) -> None:
        """Bring all operations to their end."""
        for operation in tuple(self.world.operations):
            while not self.world.operations[operation.key].finished:
                self.step(operation.key)

    def namespace(self, name: str = "shop") -> str:
        return str(self.run_operation("CreateHttpNamespace", Name=name)["Targets"]["NAMESPACE"])

    def service(self, namespace: str, name: str = "cart", **params: object) -> str:
        return str(self.call("CreateService", Name=name, NamespaceId=namespace, **params)["Service"]["Id"])


def _at_once(answering: Coroutine[None, None, HttpResponse]) -> HttpResponse:
    """The result of a coroutine that waits for nothing."""
    try:
        answering.send(None)
    except StopIteration as done:
        return cast("HttpResponse", done.value)
    raise AssertionError("it waits")
