"""The host's proxy, which runs for as long as there are tasks that share it.

Promise: a proxy that has ended starts again at once, but at most every RESTART_AFTER seconds; a failed step is tried
again. A proxy that does not answer its health checks is stopped: a process that is suspended or waits for memory can't
end itself. Tasks continue without it, and the new process gets their configuration.
"""

from __future__ import annotations

from moyai.domain.sandbox.host_proxy import HOST_PROXY, HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.network import NoNetwork
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, Health
from moyai.domain.world import Observed, World
from moyai.kernel.clock import Instant, later
from moyai.plan.action import Plan, PrepareSandbox, ReleaseSandbox, StartProxy, StopContainer, plan

RETRY_AFTER = 5.0
"""Seconds from a failure until it is tried again."""
RESTART_AFTER = 1.0
"""Seconds between two starts of the proxy."""

_CONCURRENCY = 2
_LOG_LEVEL = "info"
"""The default of the tasks' own proxies."""
_HELD_OUTPUT = 64 * 1024 * 1024
"""Bytes of access logs that are kept while the control plane is down."""
_FLUSH_INTERVAL = 200
"""Milliseconds until an access log entry is written: a task's last entries must come before its record is deleted."""
_STOP_TIMEOUT = 2
"""Seconds from SIGTERM to SIGKILL, few because a proxy that is stopped serves no task, or does not answer."""


def needs_host_proxy(world: World) -> bool:
    """Whether a task shares the host's proxy."""
    return any(task.shares_proxy for task in world.tasks.by("alive", "yes"))


def plan_host_proxy(world: World, observed: Observed, now: Instant) -> Plan:
    """The next step of the host's proxy. Of ``observed``, only its sandbox and fault are read."""
    sandbox = observed.sandboxes.get(HOST_SANDBOX)
    if not needs_host_proxy(world):
        return plan(effects=() if sandbox is None else (ReleaseSandbox(HOST_SANDBOX),))
    if HOST_SANDBOX in observed.faults:
        return plan(wake_at=later(now, RETRY_AFTER))
    if sandbox is None:
        spec = SandboxSpec(HOST_SANDBOX, NoNetwork(HOST_PROXY_NAME))
        return plan(effects=(PrepareSandbox(spec),), wake_at=later(now, RETRY_AFTER))
    proxy = sandbox.containers.get(HOST_PROXY_NAME)
    if proxy is not None and proxy.phase is ContainerPhase.RUNNING:
        is_hung = proxy.health is Health.UNHEALTHY
        return plan(effects=(StopContainer(HOST_SANDBOX, HOST_PROXY_NAME),) if is_hung else ())
    if proxy is not None and now < (restart_at := later(proxy.started_at, RESTART_AFTER)):
        return plan(wake_at=restart_at)
    start = StartProxy(
        HOST_SANDBOX,
        HOST_PROXY,
        HOST_PROXY_NAME,
        stop_timeout=_STOP_TIMEOUT,
        log_level=_LOG_LEVEL,
        held_output=_HELD_OUTPUT,
        flush_interval=_FLUSH_INTERVAL,
        concurrency=_CONCURRENCY,
        attempt=0 if proxy is None else proxy.attempt + 1,
        serves_host=True,
    )
    return plan(effects=(start,))
