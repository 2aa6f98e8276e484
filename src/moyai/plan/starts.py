"""How each container of a task definition is started: as itself, or by the Envoy that stands for it.

Promise: an App Mesh proxy is told what its whole environment asks for, files and secrets too; what it can't be told is
the reason why its task doesn't start.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html
"""

from __future__ import annotations

from moyai.domain.appmesh.agent import Agent
from moyai.domain.appmesh.agent_settings import AgentSettings, agent_settings
from moyai.domain.ecs.task import Container, ContainerStatus
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import resource_of_proxy
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ProxyId
from moyai.kernel.secret import Secret
from moyai.plan.action import Start, StartMeshProxy
from moyai.plan.secrets import Unresolved
from moyai.plan.sight import Case
from moyai.plan.specs import container_spec

PROXY_PATIENCE = 180
"""Seconds a proxy gets to become HEALTHY, as long as Fargate gives any dependency."""


def start_of(case: Case, container: Container) -> Start | StartMeshProxy:
    """What starts one of the definition's containers. Raises Unresolved."""
    spec = container_spec(case, container)
    if not container.is_proxy:
        return Start(spec)
    identity = case.task.identity
    if identity is None:
        raise Unresolved(
            f"ResourceInitializationError: the proxy {container.name} stands for nobody: its environment has no"
            " APPMESH_RESOURCE_ARN"
        )
    agent = Agent(ProxyId(case.task.arn), identity, _settings(spec), case.task.availability_zone)
    return StartMeshProxy(spec, agent)


def unstartable(case: Case, container: Container) -> str | None:
    """Why the container can't be told what it is to be told; None when it can."""
    try:
        start_of(case, container)
    except Unresolved as missing:
        return str(missing)
    return None


def restarts(case: Case, container: Container) -> int:
    """How often a container that ended by itself is started again, whatever its restart policy: an Envoy is."""
    try:
        start = start_of(case, container)
    except Unresolved:
        return 0
    return start.agent.settings.restarts if isinstance(start, StartMeshProxy) else 0


def patience_ends(case: Case) -> Instant | None:
    """Until when the task's App Mesh proxy may take to become ready; None when it doesn't have to, or is."""
    proxy = case.task.mesh_proxy
    if proxy is None or proxy.started_at is None or proxy.last_status is not ContainerStatus.RUNNING:
        return None
    return later(proxy.started_at, _patience(case, proxy)) if proxy.health_status is Health.UNKNOWN else None


def not_ready(case: Case, reason: str | None = None) -> str:
    """Why the task doesn't get on without its App Mesh proxy: what that stands for isn't there, or else ``reason``."""
    proxy, identity = case.task.mesh_proxy, case.task.identity
    if proxy is None or identity is None:
        return reason or ""
    waited = f"the proxy {proxy.name} was not ready within {_patience(case, proxy)} s"
    if resource_of_proxy(case.world, identity, scope_of(case.task.arn)) is None:
        return f"ResourceInitializationError: {identity.shown} does not exist or isn't shared; {reason or waited}"
    return reason or f"ResourceInitializationError: {waited}"


def _patience(case: Case, proxy: Container) -> int:
    return case.defined(proxy).start_timeout or PROXY_PATIENCE


def _settings(spec: ContainerSpec) -> AgentSettings:
    plain = {name: v.reveal() if isinstance(v, Secret) else v for name, v in spec.environment.items()}
    try:
        return agent_settings(plain)
    except ValueError as error:
        raise Unresolved(f"CannotStartContainerError: {error}") from error
