"""Promises of every runtime (moyai/ports/runtime.py), on each of them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from socket import SocketKind

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import Forward, HostName
from moyai.domain.sandbox.network_spec import NetworkSpec
from moyai.domain.sandbox.spec import NamespaceSharing, ProxySpec
from moyai.domain.sandbox.state import ContainerPhase, ExpectedListener, Health, InboundTraffic, ProxyEndpoint
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import METADATA_ADDRESS, CannotStart, Endpoint, SandboxFailed, Transport
from tests.contract.runtime.adapters import (
    BETTER,
    ENDS,
    HEALTHY,
    LISTENS,
    MISSING,
    OTHER,
    RUNS,
    SICK,
    STUBBORN,
    TASK,
    RuntimeAdapter,
    alone,
    behind,
    container_state,
    front,
    in_host,
    instance,
    network_of,
    nodes,
    proxy,
    sandbox,
)


@dataclass(frozen=True)
class Conditions:
    """Conditions to wait for."""

    adapter: RuntimeAdapter

    async def has_ended(self, task=TASK, name="app"):
        return (await container_state(self.adapter.runtime, task, name)).phase is ContainerPhase.STOPPED

    async def up(self):
        return [line async for line in self.adapter.runtime.logs(TASK, "app")] != []

    async def healthy(self, name="app"):
        return (await container_state(self.adapter.runtime, TASK, name)).health is Health.HEALTHY

    async def unhealthy(self):
        return (await container_state(self.adapter.runtime)).health is Health.UNHEALTHY


@pytest.fixture
def conditions(adapter):
    return Conditions(adapter)


async def test_prepare_makes_an_empty_sandbox_and_is_idempotent(adapter):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.prepare(sandbox())
    observed = await adapter.runtime.observe()
    assert list(observed) == [TASK]
    assert observed[TASK].containers == {}


async def test_an_unknown_task_has_no_sandbox(adapter):
    assert await adapter.runtime.inspect(TASK) is None
    with pytest.raises(SandboxFailed):
        await adapter.runtime.start(adapter.container(RUNS))


async def test_no_listener_is_open_without_a_running_container(adapter):
    expected = ExpectedListener("tcp", 8080, 8080, ("127.0.0.1",))
    assert await adapter.runtime.open_listeners(TASK, [expected]) == frozenset()
    await adapter.runtime.prepare(sandbox())
    assert await adapter.runtime.open_listeners(TASK, [expected]) == frozenset()


async def test_a_listener_that_opens_late_is_notified(adapter):
    expected = ExpectedListener("tcp", 8080, 8080, ("127.0.0.1",))
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(LISTENS))
    assert await adapter.runtime.open_listeners(TASK, [expected]) == frozenset()
    await adapter.tell()

    async def listens():
        return await adapter.runtime.open_listeners(TASK, [expected]) == {expected}

    await adapter.until(listens)


async def test_an_ended_container_has_an_exit_code_and_times(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(ENDS))
    await adapter.until(conditions.has_ended)
    state = await container_state(adapter.runtime)
    assert state.exit_code == 3
    assert state.finished_at is not None
    assert state.finished_at >= state.started_at
    assert state.reason is None


async def test_a_container_that_ran_is_not_started_again(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(ENDS))
    await adapter.until(conditions.has_ended)
    before = await container_state(adapter.runtime)
    await adapter.runtime.start(adapter.container(RUNS))
    assert await container_state(adapter.runtime) == before


async def test_a_later_attempt_restarts_an_ended_container(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.until(conditions.up)
    await adapter.runtime.start(replace(adapter.container(ENDS), attempt=1))
    assert (await container_state(adapter.runtime)).attempt == 0
    await adapter.runtime.stop(TASK, "app")
    await adapter.until(conditions.has_ended)
    for _ in range(2):
        await adapter.runtime.start(replace(adapter.container(ENDS), attempt=1))
    assert (await container_state(adapter.runtime)).attempt == 1
    await adapter.until(conditions.has_ended)
    assert (await container_state(adapter.runtime)).exit_code == 3
    await adapter.runtime.start(adapter.container(RUNS))
    assert (await container_state(adapter.runtime)).attempt == 1


async def test_a_second_start_does_nothing(adapter):
    await adapter.runtime.prepare(sandbox())
    await asyncio.gather(*(adapter.runtime.start(adapter.container(RUNS)) for _ in range(2)))
    state = await container_state(adapter.runtime)
    assert state.phase is ContainerPhase.RUNNING
    assert state.exit_code is None
    assert state.runtime_id


async def test_stop_sends_sigterm(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.until(conditions.up)
    await adapter.runtime.stop(TASK, "app")
    await adapter.runtime.stop(TASK, "app")
    await adapter.until(conditions.has_ended)
    assert (await container_state(adapter.runtime)).exit_code == 143


async def test_a_container_that_ignores_sigterm_is_killed_after_the_stop_timeout(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(STUBBORN))
    await adapter.runtime.stop(TASK, "app")
    await adapter.until(conditions.has_ended)
    assert (await container_state(adapter.runtime)).exit_code == 137


async def test_stopping_an_unknown_container_does_nothing(adapter):
    await adapter.runtime.stop(TASK, "app")
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.stop(TASK, "app")
    assert (await adapter.runtime.inspect(TASK)).containers == {}


async def test_an_unknown_command_cannot_start(adapter):
    await adapter.runtime.prepare(sandbox())
    for _ in range(2):
        with pytest.raises(CannotStart) as fault:
            await adapter.runtime.start(adapter.container(MISSING))
        assert fault.value.reason.startswith("CannotStartContainerError: ")
    assert (await adapter.runtime.inspect(TASK)).containers == {}


async def test_a_successful_probe_makes_a_container_healthy(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS, probe=BETTER))
    assert (await container_state(adapter.runtime)).health is Health.UNKNOWN
    await adapter.tell()
    await adapter.until(conditions.healthy)


async def test_a_failing_probe_makes_a_container_unhealthy_and_does_not_end_it(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS, probe=SICK))
    await adapter.until(conditions.unhealthy)
    assert (await container_state(adapter.runtime)).phase is ContainerPhase.RUNNING


async def test_a_proxy_becomes_healthy_without_requests_in_flight_and_stops(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    assert await adapter.runtime.inbound_traffic(TASK) is None
    await adapter.runtime.start_proxy(proxy())
    await adapter.runtime.start_proxy(proxy())
    await adapter.until(lambda: conditions.healthy("proxy"))
    assert await adapter.runtime.inbound_traffic(TASK) == InboundTraffic()
    for _ in range(2):
        await adapter.runtime.reject_new_connections(TASK, (8080,))
    await adapter.runtime.reject_new_connections(OTHER, (8080,))
    assert await adapter.runtime.inbound_traffic(TASK) == InboundTraffic()
    await adapter.runtime.stop(TASK, "proxy")
    await adapter.until(lambda: conditions.has_ended(name="proxy"))
    assert await adapter.runtime.inbound_traffic(TASK) is None


@pytest.mark.parametrize("replaces_container", [True, False])
async def test_a_proxy_that_ended_starts_at_a_later_attempt(adapter, conditions, replaces_container):
    def stands_for(attempt: int) -> ProxySpec:
        if not replaces_container:
            return replace(proxy(), attempt=attempt)
        container = adapter.container(RUNS, name="proxy", probe=HEALTHY)
        return replace(proxy(), container=replace(container, attempt=attempt, image="no/such/image", user="1337"))

    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start_proxy(stands_for(0))
    await adapter.until(lambda: conditions.healthy("proxy"))
    await adapter.runtime.start_proxy(stands_for(1))
    assert (await container_state(adapter.runtime, name="proxy")).attempt == 0
    await adapter.runtime.stop(TASK, "proxy")
    await adapter.until(lambda: conditions.has_ended(name="proxy"))
    await adapter.runtime.start_proxy(stands_for(0))
    assert (await container_state(adapter.runtime, name="proxy")).phase is ContainerPhase.STOPPED
    await adapter.runtime.start_proxy(stands_for(1))
    assert (await container_state(adapter.runtime, name="proxy")).attempt == 1
    await adapter.until(lambda: conditions.healthy("proxy"))


async def test_release_removes_one_task_only(adapter):
    for number in (1, 2):
        await adapter.runtime.prepare(sandbox(number))
    await adapter.runtime.start(adapter.container(STUBBORN))
    await adapter.runtime.start(adapter.container(RUNS, task=OTHER))
    await adapter.runtime.release(TASK)
    await adapter.runtime.release(TASK)
    observed = await adapter.runtime.observe()
    assert list(observed) == [OTHER]
    assert observed[OTHER].containers["app"].phase is ContainerPhase.RUNNING


async def test_a_released_task_can_be_prepared_again(adapter):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.runtime.release(TASK)
    await adapter.runtime.prepare(sandbox())
    assert (await adapter.runtime.inspect(TASK)).containers == {}


async def test_sweep_releases_all_other_tasks(adapter):
    for number in (1, 2):
        await adapter.runtime.prepare(sandbox(number))
    await adapter.runtime.sweep(frozenset({OTHER}))
    assert list(await adapter.runtime.observe()) == [OTHER]


async def test_changes_are_notified(adapter):
    rung = []

    async def listen():
        async for task in adapter.runtime.changes():
            rung.append(task)  # noqa: PERF401 - it never ends

    listener = asyncio.create_task(listen())
    try:
        await adapter.runtime.prepare(sandbox())
        await adapter.until(lambda: _is(rung.count(TASK) >= 1))
        rung.clear()
        await adapter.runtime.start(adapter.container(ENDS))
        await adapter.until(lambda: _is(rung.count(TASK) >= 2))
    finally:
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener


async def _is(truth):
    return truth


async def test_logs_are_ordered_by_time_and_can_be_followed_to_the_end(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(ENDS))
    followed = []

    async def follow():
        async for line in adapter.runtime.logs(TASK, "app", follow=True):
            followed.append(line)  # noqa: PERF401 - it comes bit by bit

    reading = asyncio.create_task(follow())
    await adapter.until(conditions.has_ended)
    await adapter.until(lambda: _is(reading.done()))
    logged = [line async for line in adapter.runtime.logs(TASK, "app")]
    assert logged == followed
    assert len(logged) == 2
    assert {line.stream for line in logged} <= {"stdout", "stderr"}
    assert logged == sorted(logged, key=lambda line: line.at)


async def test_output_is_read_from_a_position_on(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(ENDS))
    await adapter.until(conditions.has_ended)
    logged = [line async for line in adapter.runtime.logs(TASK, "app")]
    lines, position = await adapter.runtime.output(TASK, "app", 0)
    assert list(lines) == logged
    again = await adapter.runtime.output(TASK, "app", position)
    assert (list(again.lines), again.position) == ([], position)


async def test_an_unknown_container_has_no_output(adapter):
    assert list((await adapter.runtime.output(TASK, "app", 0)).lines) == []
    assert [line async for line in adapter.runtime.logs(TASK, "app")] == []


async def test_only_running_containers_have_usage(adapter, conditions):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.runtime.start(adapter.container(ENDS, name="done"))
    await adapter.until(lambda: conditions.has_ended(name="done"))
    used = await adapter.runtime.usage(TASK)
    assert set(used) == {"app"}
    assert used["app"].cpu_seconds >= 0
    assert min(used["app"].read_bytes, used["app"].written_bytes) >= 0
    network = await adapter.runtime.network_usage(TASK)
    assert network is not None
    assert min(network.received, network.sent) >= 0
    assert await adapter.runtime.network_usage(OTHER) is None


async def test_listen_returns_a_socket_in_the_vpc_or_none_without_a_network(adapter):
    vpc, cidr = VpcId("vpc-0"), "172.31.0.0/16"
    ends = [Endpoint("172.31.0.2", 53, transport) for transport in Transport] + [Endpoint(METADATA_ADDRESS, 80)]
    for _ in range(2):
        sockets = [await adapter.runtime.listen(vpc, cidr, end) for end in ends]
        for end, listener in zip(ends, sockets, strict=True):
            if listener is not None:
                with listener:
                    assert listener.getsockname() == (end.address, end.port)
                    assert (listener.type is SocketKind.SOCK_STREAM) == (end.transport is Transport.TCP)
                    assert not listener.getblocking()


async def test_publish_accepts_an_empty_list(adapter):
    assert await adapter.runtime.publish(()) == {}
    assert await adapter.runtime.publish(()) == {}
    assert await adapter.runtime.public_port_failures() == {}


async def test_networks_are_applied_before_their_tasks_start_while_they_run_and_afterwards(adapter):
    apply = adapter.runtime.apply_network
    await apply(NetworkSpec())
    for networks in (network_of(sandbox(1), sandbox(2, vpc="vpc-1")), network_of(sandbox(1), sandbox(2))):
        await apply(networks)
        await apply(networks)
        for number in (1, 2):
            await adapter.runtime.prepare(sandbox(number))
    await adapter.runtime.release(TASK)
    await apply(network_of(sandbox(2)))
    await apply(NetworkSpec())
    assert list(await adapter.runtime.observe()) == [OTHER]


async def test_destroy_leaves_nothing_and_is_idempotent(adapter):
    for number in (1, 2):
        await adapter.runtime.prepare(sandbox(number))
    await adapter.runtime.start(adapter.container(STUBBORN))
    await adapter.runtime.destroy()
    await adapter.runtime.destroy()
    assert await adapter.runtime.observe() == {}
    await adapter.runtime.prepare(sandbox())
    assert list(await adapter.runtime.observe()) == [TASK]


async def test_the_hosts_of_a_running_task_can_be_changed(adapter, conditions):
    before = sandbox()
    await adapter.runtime.prepare(before)
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.until(conditions.up)
    assert (await adapter.runtime.inspect(TASK)).hosts == before.hosts
    for after in ((HostName("127.255.0.1", "db"), HostName("127.255.0.2", "web")), (HostName("127.255.0.2", "web"),)):
        await adapter.runtime.set_hosts(TASK, after)
        await adapter.runtime.set_hosts(TASK, after)
        assert (await adapter.runtime.inspect(TASK)).hosts == after
    assert (await container_state(adapter.runtime)).phase is ContainerPhase.RUNNING


async def test_hosts_need_a_sandbox(adapter):
    with pytest.raises(SandboxFailed):
        await adapter.runtime.set_hosts(TASK, ())


async def test_a_task_on_an_instance_needs_the_instance(adapter):
    host = instance()
    await adapter.runtime.apply_network(network_of(host))
    for spec in (behind(host, 1, Forward(32768, 80)), in_host(host, 2)):
        with pytest.raises(SandboxFailed, match="container instance"):
            await adapter.runtime.prepare(spec)
        await adapter.runtime.release(spec.task)
    await adapter.runtime.prepare(host)
    for spec in (behind(host, 1, Forward(32768, 80)), in_host(host, 2), alone(3)):
        await adapter.runtime.prepare(spec)
        await adapter.runtime.prepare(spec)
        state = await adapter.runtime.inspect(spec.task)
        assert state is not None
        assert state.hosts == spec.hosts
    for one in (TASK, OTHER, alone(3).task, host.task):
        await adapter.runtime.release(one)
        await adapter.runtime.release(one)
    assert not await adapter.runtime.observe()


async def test_an_instance_outlives_a_task_in_its_namespace(adapter, conditions):
    host = instance()
    await adapter.runtime.apply_network(network_of(host))
    await adapter.runtime.prepare(host)
    await adapter.runtime.prepare(in_host(host, 1))
    await adapter.runtime.start(adapter.container(RUNS))
    await adapter.until(conditions.up)
    await adapter.runtime.release(TASK)
    assert set(await adapter.runtime.observe()) == {host.task}


@pytest.mark.parametrize("sharing", [NamespaceSharing.TASK, NamespaceSharing.HOST])
async def test_containers_that_share_namespaces_end_one_by_one(adapter, conditions, sharing):
    host = instance()
    await adapter.runtime.apply_network(network_of(host))
    await adapter.runtime.prepare(host)
    shares = {"processes": sharing, "ipc": sharing, "host": host.task if sharing is NamespaceSharing.HOST else None}
    for number in (1, 2):
        await adapter.runtime.prepare(replace(behind(host, number), **shares))
    for task, name in ((TASK, "app"), (TASK, "side"), (OTHER, "app")):
        await adapter.runtime.start(adapter.container(RUNS, name=name, task=task))
    await adapter.until(conditions.up)
    await adapter.runtime.stop(TASK, "app")
    await adapter.until(conditions.has_ended)
    assert (await container_state(adapter.runtime, TASK, "side")).phase is ContainerPhase.RUNNING
    await adapter.runtime.release(TASK)
    assert (await container_state(adapter.runtime, OTHER)).phase is ContainerPhase.RUNNING
    assert set(await adapter.runtime.observe()) == {host.task, OTHER}


async def test_sharing_with_an_instance_needs_the_instance(adapter):
    host = instance()
    for kind in ("processes", "ipc"):
        with pytest.raises(SandboxFailed, match="container instance"):
            await adapter.runtime.prepare(replace(sandbox(1), host=host.task, **{kind: NamespaceSharing.HOST}))
        assert await adapter.runtime.inspect(TASK) is None


async def test_the_addresses_of_a_front_proxy_are_replaced(adapter):
    first, second = nodes("172.31.0.11", "172.31.0.12"), nodes("172.31.0.12", "172.31.0.13")
    await adapter.runtime.prepare(front("172.31.0.11", "172.31.0.12"))
    state = await adapter.runtime.inspect(TASK)
    assert state is not None
    assert state.addresses == first
    for _ in range(2):
        await adapter.runtime.set_addresses(TASK, second)
    state = await adapter.runtime.inspect(TASK)
    assert state is not None
    assert state.addresses == second


async def test_other_sandboxes_keep_their_address(adapter):
    with pytest.raises(SandboxFailed):
        await adapter.runtime.set_addresses(TASK, nodes("172.31.0.11"))
    await adapter.runtime.prepare(sandbox())
    with pytest.raises(SandboxFailed):
        await adapter.runtime.set_addresses(TASK, nodes("172.31.0.12"))


async def test_a_proxy_shows_its_endpoints(adapter, conditions):
    assert await adapter.runtime.proxy_endpoints(TASK) is None
    await adapter.runtime.prepare(front("172.31.0.11"))
    assert await adapter.runtime.proxy_endpoints(TASK) is None
    endpoints = (
        ProxyEndpoint("api", "172.31.0.20", 8080),
        ProxyEndpoint("web", "172.31.0.21", 80, draining=True),
    )
    await adapter.start_proxy_of(*endpoints)
    await adapter.until(partial(conditions.healthy, "proxy"))
    seen = await adapter.runtime.proxy_endpoints(TASK)
    assert seen is not None
    assert sorted(seen, key=lambda endpoint: endpoint.cluster) == list(endpoints)
    assert await adapter.runtime.proxy_statistics(TASK, r"^server\.live$") == {"server.live": "1"}
    assert await adapter.runtime.proxy_statistics(TASK, r"^nothing is called so$") == {}
    await adapter.runtime.stop(TASK, "proxy")
    await adapter.until(partial(conditions.has_ended, name="proxy"))
    assert await adapter.runtime.proxy_endpoints(TASK) is None
    assert await adapter.runtime.proxy_statistics(TASK, ".") is None
