"""Amazon ECS without a network: each call is read, checked, handled and written as the gateway does it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec
import pytest

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.ecs.service import ecs
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.models import load_models
from moyai.api.operation import ApiService, Context
from moyai.api.wire.http import HttpRequest
from moyai.domain.cloudmap.service import DiscoveryService, DnsConfig, DnsRecord, RecordType
from moyai.domain.record import StoredRecord
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.errors import ApiError
from moyai.kernel.ids import AccountId, DiscoveryServiceArn, DiscoveryServiceId, Region
from moyai.kernel.scope import Scope
from moyai.plan.cloudmap.namespaces import new_http_namespace
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
ARN = f"arn:aws:ecs:{SCOPE.region}:{SCOPE.account}:"
REGISTRY = f"arn:aws:servicediscovery:{SCOPE.region}:{SCOPE.account}:service/srv-"
SUBNETS = [subnet.id for subnet in default_vpc(SCOPE).subnets]
GROUP = default_vpc(SCOPE).security_groups[0].id
NETWORK = {"awsvpcConfiguration": {"subnets": SUBNETS, "securityGroups": [GROUP]}}
Answer = dict[str, Any]


@cache
def ecs_service() -> ApiService:
    """The service, over a runtime in which nothing runs."""
    clock = ManualClock()
    return ecs(ExecSessionRegistry(SimRuntime(clock), clock))


@cache
def dispatcher() -> ServiceDispatcher:
    return ServiceDispatcher(ecs_service(), load_models(["ecs"])["ecs"])


class EcsClient:
    """A client of one account and region, and the world behind it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ids = SeededIds(7)
        self.now = EPOCH

    @property
    def world(self):
        return self.store.world

    def call(self, operation: str, **params: object) -> Answer:
        """The answer as a client reads it. Raises what the gateway would answer with."""
        codec = dispatcher().codecs["json"]
        model = dispatcher().model.operation_model(operation)
        body = msgspec.json.encode(params)
        read = codec.parse(model, HttpRequest("POST", "/", "", {}, body))
        entry = dispatcher().operation(operation)
        output = entry.handle(self._context(), dispatcher().typed_request(entry, read))
        answer: Answer = json.loads(codec.serialise(model, output, "r").body)
        return answer

    def fails(self, operation: str, code: str, message: str, **params: object) -> ApiError:
        """The error of a call that must fail with this code and a message that contains this, and change nothing."""
        before = list(self.world.records())
        with pytest.raises(ApiError) as exc_info:
            self.call(operation, **params)
        assert exc_info.value.code == code, exc_info.value.message
        assert message in exc_info.value.message
        assert code in {e.name for e in dispatcher().model.operation_model(operation).error_shapes}
        assert list(self.world.records()) == before
        return exc_info.value

    def put(self, *records: StoredRecord) -> None:
        self.store.apply([Put(record) for record in records])

    def later(self, seconds: float = 1) -> None:
        self.now = Instant(self.now + seconds)

    # What most tests begin with.

    def namespace(self, name: str = "shop.local") -> str:
        http_namespace = new_http_namespace(SCOPE, name, self.now, self.ids)
        self.put(http_namespace)
        return http_namespace.arn

    def registry(self, *types: RecordType) -> str:
        """A Cloud Map service with these records, without DNS when there are none; its ARN."""
        identity = "-".join(types).lower() or "http"
        arn = DiscoveryServiceArn(REGISTRY + identity)
        dns = DnsConfig(tuple(DnsRecord(kind, 60) for kind in types)) if types else None
        namespace = next(iter(self.world.namespaces)).arn
        self.put(DiscoveryService(arn, DiscoveryServiceId(f"srv-{identity}"), identity, namespace, self.now, dns=dns))
        return arn

    def definition(self, family: str = "web", **changes: object) -> Answer:
        answer: Answer = self.call("RegisterTaskDefinition", **(fargate(family) | changes))["taskDefinition"]
        return answer

    def service(self, name: str = "web", **changes: object) -> Answer:
        answer: Answer = self.call("CreateService", **(service(name) | changes))["service"]
        return answer

    def _context(self) -> Context:
        return Context(
            scope=SCOPE,
            now=self.now,
            ids=self.ids,
            store=self.store,
            principal="arn:aws:iam::123456789012:user/test",
            access_key="",
            request_id="r",
        )


def container(name: str = "app", **changes: object) -> dict[str, object]:
    port = {"name": "http", "containerPort": 8080, "appProtocol": "http"}
    return {"name": name, "image": "moyai.local/host", "portMappings": [port]} | changes


def fargate(family: str = "web", **changes: object) -> dict[str, object]:
    return {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container()],
    } | changes


def service(name: str = "web", **changes: object) -> dict[str, object]:
    return {
        "serviceName": name,
        "taskDefinition": "web",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    } | changes


def connect(*services: dict[str, object], **changes: object) -> dict[str, object]:
    return {"enabled": True, "namespace": "shop.local", "services": list(services)} | changes


def offer(port: str = "http", **changes: object) -> dict[str, object]:
    return {"portName": port} | changes
