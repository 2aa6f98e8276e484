"""The servers of the task metadata endpoint: one in each VPC that has tasks."""

from __future__ import annotations

import asyncio

from moyai.api.asgi import App
from moyai.api.metadata.app import MetadataApp
from moyai.app.adapters.http_server import HttpServer, ServerLimits
from moyai.domain.ecs.metadata import API_PORT
from moyai.domain.ecs.task import Task
from moyai.domain.queries.vpc import vpc_and_subnet_of
from moyai.kernel.clock import Clock
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint, TaskRuntime
from moyai.ports.store import Store

_PORT = 80
_LIMITS = ServerLimits(head_bytes=8 * 1024, per_client=64)
"""Low enough that a task can't take all connections from the others."""


class MetadataServers:
    """Opens the servers of each VPC when it gets its first task. ``api``: AWS's services, for requests that are signed
    with the keys of a task's role.
    """

    def __init__(self, store: Store, runtime: TaskRuntime, clock: Clock, api: App) -> None:
        self._store = store
        self._runtime = runtime
        self._apps = ((_PORT, MetadataApp(store, runtime, clock)), (API_PORT, api))
        self._servers: dict[VpcId, list[HttpServer]] = {}

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async for keys in self._store.watch():
            for key in keys:
                if key.table == "vpc" and key.key not in self._store.world.vpcs:
                    await self._close(VpcId(key.key))
                task = self._store.world.tasks.get(key.key) if key.table == "task" else None
                if task is not None and not task.stopped:
                    await self._serve(task)

    async def close(self) -> None:
        """Close all servers, so that no socket keeps a VPC's network alive."""
        servers = [server for vpc_servers in self._servers.values() for server in vpc_servers]
        self._servers.clear()
        await asyncio.gather(*(server.close() for server in servers))

    async def _close(self, vpc: VpcId) -> None:
        await asyncio.gather(*(server.close() for server in self._servers.pop(vpc, ())))

    async def _serve(self, task: Task) -> None:
        if task.interface.vpc in self._servers:
            return
        vpc, _ = vpc_and_subnet_of(self._store.world, task)
        servers = self._servers[vpc.id] = []
        for port, app in self._apps:
            sock = await self._runtime.listen(vpc.id, vpc.cidr, Endpoint(METADATA_ADDRESS, port))
            if sock is not None:
                servers.append(await HttpServer(app, sock, _LIMITS).open())
