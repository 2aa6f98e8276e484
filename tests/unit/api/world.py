"""A toy service behind a real gateway: what the gateway's own tests speak to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import uvicorn

from moyai.api.asgi import App, Limits
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.models import load_models
from moyai.api.operation import ApiService, Context, operations
from moyai.kernel.errors import ClientFault
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds

MODELS = load_models()


class InvalidParameter(ClientFault):
    pass


class NotFound(ClientFault, code="ClusterNotFoundException"):
    pass


class NotedStore:
    """Counts how often it was asked to be durable."""

    world: Any = None
    fault: str | None = None
    rollbacks = 0

    def __init__(self) -> None:
        self.applied: list[object] = []
        self.durable_after: list[int] = []

    def apply(self, changes: Sequence[Any]) -> None:
        self.applied += changes

    async def durable(self, rollbacks: int | None = None) -> None:
        assert rollbacks == self.rollbacks
        self.durable_after.append(len(self.applied))

    def watch(self) -> AsyncIterator[Any]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class Tag(msgspec.Struct, frozen=True):
    key: str = ""
    value: str = ""


class CreateCluster(msgspec.Struct, frozen=True):
    cluster_name: str = "default"
    tags: tuple[Tag, ...] = ()


class DescribeClusters(msgspec.Struct, frozen=True):
    clusters: tuple[str, ...] = ()


class Discover(msgspec.Struct, frozen=True):
    namespace_name: str
    service_name: str
    max_results: int = 100


class Vpcs(msgspec.Struct, frozen=True):
    vpc_ids: tuple[str, ...] = ()


class Metrics(msgspec.Struct, frozen=True):
    namespace: str | None = None


class Nothing(msgspec.Struct, frozen=True):
    pass


def create_cluster(ctx: Context, request: CreateCluster) -> object:
    ctx.store.apply([request.cluster_name])  # type: ignore[list-item]
    if request.cluster_name == "taken":
        raise InvalidParameter("Taken.")
    if request.cluster_name == "broken":
        raise RuntimeError("a secret detail")
    arn = f"arn:aws:ecs:{ctx.scope.region}:{ctx.scope.account}:cluster/{request.cluster_name}"
    tags = [msgspec.structs.asdict(tag) for tag in request.tags]
    return {"cluster": {"cluster_arn": arn, "cluster_name": request.cluster_name, "tags": tags}}


def describe_clusters(_ctx: Context, request: DescribeClusters) -> object:
    raise NotFound(f"Cluster not found: {request.clusters}")


def discover_instances(_ctx: Context, request: Discover) -> object:
    attributes = {"AWS_INSTANCE_IPV4": "172.31.0.7", "AWS_INSTANCE_PORT": "8080", "zone": "a"}
    instance = {
        "instance_id": "i-1",
        "namespace_name": request.namespace_name,
        "service_name": request.service_name,
        "health_status": "HEALTHY",
        "attributes": attributes,
    }
    return {"instances": [instance] * min(10, request.max_results), "instances_revision": 7}


def describe_vpcs(_ctx: Context, request: Vpcs) -> object:
    return {"vpcs": [{"vpc_id": vpc, "cidr_block": "172.31.0.0/16", "is_default": True} for vpc in request.vpc_ids]}


async def list_metrics(_ctx: Context, request: Metrics) -> object:
    return {"metrics": [{"namespace": request.namespace, "metric_name": "RequestCount"}]}


class Datum(msgspec.Struct, frozen=True):
    metric_name: str
    value: float = 0.0


class PutMetricData(msgspec.Struct, frozen=True):
    namespace: str
    metric_data: tuple[Datum, ...] = ()


def put_metric_data(_ctx: Context, request: PutMetricData) -> None:
    assert len(request.metric_data) > 0


def get_caller_identity(ctx: Context, request: Nothing) -> object:
    del request
    return {"account": ctx.scope.account, "arn": ctx.principal, "user_id": ctx.access_key}


SERVICES = (
    ApiService(
        "ecs",
        operations(create_cluster, describe_clusters),
        {"CreateCluster.capacityProviders": "capacity is this machine's", "*.include": "all is always included"},
        InvalidParameter,
    ),
    ApiService("servicediscovery", operations(discover_instances)),
    ApiService("ec2", operations(describe_vpcs)),
    ApiService("cloudwatch", operations(list_metrics, put_metric_data)),
    ApiService("sts", operations(get_caller_identity)),
)


class Keys(dict[str, str]):
    def secret(self, access_key: str) -> str | None:
        return self.get(access_key)


def dependencies(**changes: Any) -> GatewayDependencies:
    parts: dict[str, Any] = {"store": NotedStore(), "clock": ManualClock(), "ids": SeededIds()}
    return GatewayDependencies(**(parts | changes))


def gateway(**changes: Any) -> ApiGateway:
    return ApiGateway(SERVICES, MODELS, dependencies(**changes))


@contextlib.asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The application on a free loopback port, for real clients."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on", ws="none")
    )
    task = asyncio.ensure_future(server.serve())
    while not server.started and not task.done():
        await asyncio.wait({task}, timeout=0.01)
    try:
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


def app(limits: Limits | None = None, **changes: Any) -> App:
    return App(gateway(**changes), limits=limits)
