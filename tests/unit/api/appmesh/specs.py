"""Small specs, the mesh that they are put into, and what is said of them."""

from __future__ import annotations

import pytest

from moyai.domain.appmesh.errors import BadRequest
from moyai.store.memory import MemoryStore
from tests.model.appmesh_specs import ApiCall, ask

DNS = {"dns": {"hostname": "front.local"}}
CHECK = {
    "protocol": "http",
    "healthyThreshold": 2,
    "unhealthyThreshold": 2,
    "intervalMillis": 5000,
    "timeoutMillis": 2000,
    "path": "/ping",
}
OUTLIERS = {
    "maxServerErrors": 5,
    "interval": {"unit": "s", "value": 10},
    "baseEjectionDuration": {"unit": "s", "value": 10},
    "maxEjectionPercent": 50,
}
FILE = {"file": {"certificateChain": "/c.pem", "privateKey": "/k.pem"}}
TRUST = {"trust": {"file": {"certificateChain": "/ca.pem"}}}


def listener(port=8080, protocol="http", **more):
    return {"portMapping": {"port": port, "protocol": protocol}, **more}


def node(*listeners, **more):
    return {"listeners": list(listeners), **({"serviceDiscovery": DNS} if listeners else {}), **more}


def sans(*names):
    return {"subjectAlternativeNames": {"match": {"exact": list(names)}}}


def policy(**more):
    return {"clientPolicy": {"tls": {"validation": TRUST, **more}}}


def create_mesh() -> MemoryStore:
    """A mesh with a node ``one`` (a listener), ``two`` (two of them), routers and a gateway of the same, services."""
    memory_store = MemoryStore()
    single, double = [listener()], [listener(5555), listener(6666, "grpc")]
    for operation, params in (
        ("CreateMesh", {}),
        ("CreateVirtualNode", {"virtualNodeName": "one", "spec": node(*single)}),
        ("CreateVirtualNode", {"virtualNodeName": "two", "spec": node(*double)}),
        ("CreateVirtualRouter", {"virtualRouterName": "one", "spec": {"listeners": single}}),
        ("CreateVirtualRouter", {"virtualRouterName": "two", "spec": {"listeners": double}}),
        ("CreateVirtualGateway", {"virtualGatewayName": "one", "spec": {"listeners": single}}),
        ("CreateVirtualGateway", {"virtualGatewayName": "two", "spec": {"listeners": double}}),
        ("CreateVirtualService", {"virtualServiceName": "none.local", "spec": {}}),
        (
            "CreateVirtualService",
            {
                "virtualServiceName": "two.local",
                "spec": {"provider": {"virtualRouter": {"virtualRouterName": "two"}}},
            },
        ),
    ):
        ask(memory_store, ApiCall(operation, {"meshName": "shop", **params}))
    return memory_store


def error_message(store, operation, error=BadRequest, **params) -> str:
    before = list(store.world.records())
    with pytest.raises(error) as exc_info:
        ask(store, ApiCall(operation, {"meshName": "shop", **params}))
    assert list(store.world.records()) == before
    return str(exc_info.value.message)
