"""A mesh ``shop`` with virtual nodes ``front`` and ``back`` and a virtual gateway ``way``, and the ways in."""

from __future__ import annotations

from typing import Any

from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import mesh_arn
from moyai.domain.appmesh.virtual_gateway import VirtualGateway, VirtualGatewaySpec
from moyai.domain.appmesh.virtual_node import VirtualNode, VirtualNodeSpec
from moyai.domain.record import StoredRecord
from moyai.kernel.ids import VirtualGatewayArn, VirtualNodeArn
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.server.proxy_auth import TaskProxyAuth

MESH = mesh_arn(SCOPE, "shop")


def directory() -> Directory:
    """The node ids of that mesh."""
    return Directory(MemoryStore(records()), SCOPE)


def records() -> list[StoredRecord]:
    """All of it."""
    gateway = VirtualGatewayArn(f"{MESH}/virtualGateway/way")
    return [
        Mesh(arn=MESH, **_whose("shop")),
        *(node(name) for name in ("front", "back")),
        VirtualGateway(arn=gateway, mesh=MESH, spec=VirtualGatewaySpec(listeners=()), **_whose("way")),
    ]


def node(name: str) -> VirtualNode:
    """A virtual node of that mesh."""
    arn = VirtualNodeArn(f"{MESH}/virtualNode/{name}")
    return VirtualNode(arn=arn, mesh=MESH, spec=VirtualNodeSpec(), **_whose(name))


def task_proxy_auth(feed: Feed) -> TaskProxyAuth:
    """The authentication of our own proxies, where there is no mesh of App Mesh."""
    return TaskProxyAuth(feed, Directory(MemoryStore(), SCOPE))


def _whose(name: str) -> dict[str, Any]:
    owner = SCOPE.account
    at = {"created_at": EPOCH, "last_updated_at": EPOCH}
    return {"name": name, "uid": name, "mesh_owner": owner, "resource_owner": owner, **at}
