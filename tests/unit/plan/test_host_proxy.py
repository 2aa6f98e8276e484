"""The life of the host's proxy."""

from __future__ import annotations

from moyai.domain.defaults import Defaults, ProxyTopology
from moyai.domain.sandbox.host_proxy import HOST_PROXY, HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState
from moyai.domain.world import Observed, Put
from moyai.kernel.clock import Instant
from moyai.plan.action import PrepareSandbox, ReleaseSandbox, StartProxy, StopContainer
from moyai.plan.host_proxy import RESTART_AFTER, RETRY_AFTER, plan_host_proxy
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import schedule

NOW = Instant(1000)


def world(topology: ProxyTopology = ProxyTopology.NODE):
    build = Builder()
    build.book.apply([Put(Defaults(proxy=topology))])
    schedule(build, build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"]))
    return build.world


def observation(*proxies: ContainerState) -> Observed:
    return Observed(sandboxes={HOST_SANDBOX: SandboxState(HOST_SANDBOX, {p.name: p for p in proxies})})


def proxy_ended(started_at: float) -> ContainerState:
    at = Instant(started_at)
    return ContainerState(HOST_PROXY_NAME, ContainerPhase.STOPPED, at, finished_at=at, attempt=3)


def test_the_proxy_starts_with_the_first_task_that_shares_it():
    assert plan_host_proxy(world(ProxyTopology.SIDECAR), Observed(), NOW).effects == ()
    (prepare,) = plan_host_proxy(world(), Observed(), NOW).effects
    assert isinstance(prepare, PrepareSandbox)
    (start,) = plan_host_proxy(world(), observation(), NOW).effects
    assert isinstance(start, StartProxy)
    assert (start.proxy, start.serves_host, start.attempt) == (HOST_PROXY, True, 0)
    runs = ContainerState(HOST_PROXY_NAME, ContainerPhase.RUNNING, NOW)
    assert plan_host_proxy(world(), observation(runs), NOW).effects == ()


def test_a_proxy_that_has_ended_starts_again_but_not_at_once_after_its_last_start():
    assert plan_host_proxy(world(), observation(proxy_ended(NOW)), NOW).wake_at == NOW + RESTART_AFTER
    (start,) = plan_host_proxy(world(), observation(proxy_ended(NOW - RESTART_AFTER)), NOW).effects
    assert isinstance(start, StartProxy)
    assert start.attempt == 4


def test_a_proxy_that_does_not_answer_is_ended():
    hung = ContainerState(HOST_PROXY_NAME, ContainerPhase.RUNNING, NOW, health=Health.UNHEALTHY)
    assert plan_host_proxy(world(), observation(hung), NOW).effects == (StopContainer(HOST_SANDBOX, HOST_PROXY_NAME),)


def test_a_proxy_that_can_not_be_made_is_tried_again():
    plan = plan_host_proxy(world(), Observed(faults={HOST_SANDBOX: "no memory"}), NOW)
    assert (plan.effects, plan.wake_at) == ((), NOW + RETRY_AFTER)


def test_the_proxy_is_released_with_the_last_task():
    (release,) = plan_host_proxy(world(ProxyTopology.SIDECAR), observation(), NOW).effects
    assert release == ReleaseSandbox(HOST_SANDBOX)
