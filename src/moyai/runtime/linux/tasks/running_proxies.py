"""The state of the proxies that serve sandboxes: requests in flight, endpoints, statistics.

Promise: of a proxy that several tasks share, only the task's own part is reported. A sandbox without a proxy has none
of these. Health check events are read only from a front proxy: they are in its output, whereas a task could write
events of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from moyai.domain.elb.front import FRONT_NAME
from moyai.domain.sandbox.network import NodesNetwork
from moyai.domain.sandbox.state import InboundTraffic, ProxyEndpoint, Usage
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network import open_connections
from moyai.runtime.linux.network.namespaces import NetworkThread
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import envoy_admin, envoy_clusters, proxies
from moyai.runtime.linux.system_containers.envoy_admin import Connect, ServingProxy
from moyai.runtime.linux.system_containers.envoy_clusters import HostKey
from moyai.runtime.linux.system_containers.proxies import ProxyInfo
from moyai.runtime.linux.tasks import sandboxes
from moyai.runtime.linux.tasks.health_events import HealthEvents
from moyai.runtime.linux.tasks.shared_usage import SharedUsage


class _Facts(NamedTuple):
    """The description of a sandbox's proxy in the sandbox's files."""

    info: ProxyInfo
    serving: ServingProxy
    is_front: bool


class RunningProxies:
    """The proxies of one installation. The methods are those of the port."""

    def __init__(
        self, paths: RuntimePaths, network: NetworkThread, health_events: HealthEvents, shared_usage: SharedUsage
    ) -> None:
        self._paths, self._network, self._health_events = paths, network, health_events
        self._shared_usage = shared_usage

    async def inbound_traffic(self, task: TaskId) -> InboundTraffic | None:
        """See ``TaskRuntime.inbound_traffic``."""
        facts = await asyncio.to_thread(self._read_facts, task)
        netns = self._paths.task_netns(task)
        return await envoy_admin.inbound_traffic(facts.serving, netns, facts.info, self._network)

    async def endpoints(self, task: TaskId) -> tuple[ProxyEndpoint, ...] | None:
        """See ``TaskRuntime.proxy_endpoints``."""
        facts = await asyncio.to_thread(self._read_facts, task)
        statuses: Mapping[HostKey, int] = {}
        if facts.is_front:
            output = self._paths.log(task, FRONT_NAME)
            statuses = await self._health_events.watch(task, facts.serving.run, output)
        count = open_connections.counter(self._paths.task_netns(task), self._network)
        endpoints = await envoy_clusters.endpoints(self._connector(task, facts), statuses, count)
        return None if endpoints is None else envoy_clusters.endpoints_of_task(endpoints, facts.serving.scope)

    async def statistics(self, task: TaskId, pattern: str) -> Mapping[str, str] | None:
        """See ``TaskRuntime.proxy_statistics``."""
        facts = await asyncio.to_thread(self._read_facts, task)
        return await envoy_admin.statistics(self._connector(task, facts), pattern, facts.serving.scope)

    async def with_share(self, task: TaskId, usages: Mapping[str, Usage]) -> Mapping[str, Usage]:
        """The usage of a task's containers, with its part of a proxy that it shares."""
        spec = await asyncio.to_thread(sandboxes.load, self._paths, task)
        if spec is None or not spec.shared_proxy or not usages:
            return usages
        share = await self._shared_usage.of(task)
        return usages if share is None else {**usages, spec.shared_proxy: share}

    async def close(self) -> None:
        """Stop watching outputs."""
        await self._health_events.close()

    def _read_facts(self, task: TaskId) -> _Facts:
        spec = sandboxes.load_incomplete(self._paths, task)
        is_front = spec is not None and isinstance(spec.network, NodesNetwork)
        shares_proxy = spec is not None and bool(spec.shared_proxy)
        serving = envoy_admin.serving_proxy(self._paths, task, shares_proxy=shares_proxy)
        return _Facts(proxies.load_proxy_info(self._paths, task), serving, is_front)

    def _connector(self, task: TaskId, facts: _Facts) -> Connect:
        return envoy_admin.connector(facts.serving.run, self._paths.task_netns(task), facts.info, self._network)
