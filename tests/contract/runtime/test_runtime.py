"""What every runtime promises (moyai/ports/runtime.py), on each of them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from socket import SocketKind

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.network_spec import NetworkSpec
from moyai.domain.sandbox.spec import ContainerSpec, Forward, HostName, ProxySpec, Sharing
from moyai.domain.sandbox.state import ContainerPhase, Health
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import METADATA_ADDRESS, CannotStart, Endpoint, ImageNotFound, SandboxFailed, Transport
from tests.contract.runtime.places import (
    ENDS,
    HEALTHY,
    LISTENS,
    MISSING,
    OTHER,
    RUNS,
    SICK,
    STUBBORN,
    TASK,
    Place,
    alone,
    behind,
    in_host,
    instance,
    look,
    network_of,
    proxy,
    sandbox,
)


@dataclass(frozen=True)
class Seen:
    """Conditions to wait for."""

    place: Place

    async def ended(self, task=TASK, name="app"):
        return (await look(self.place.runtime, task, name)).phase is ContainerPhase.STOPPED

    async def up(self):
        return [line async for line in self.place.runtime.logs(TASK, "app")] != []

    async def healthy(self, name="app"):
        return (await look(self.place.runtime, TASK, name)).health is Health.HEALTHY

    async def unhealthy(self):
        return (await look(self.place.runtime)).health is Health.UNHEALTHY


@pytest.fixture
def seen(place):
    return Seen(place)


async def test_a_prepared_sandbox_is_there_and_empty_however_often_it_is_told(place):
    await place.runtime.prepare(sandbox())
    await place.runtime.prepare(sandbox())
    observed = await place.runtime.observe()
    assert list(observed) == [TASK]
    assert observed[TASK].containers == {}


async def test_what_was_never_prepared_is_not_there(place):
    assert await place.runtime.inspect(TASK) is None
    with pytest.raises(SandboxFailed):
        await place.runtime.start(place.container(RUNS))


async def test_nobody_listens_where_nothing_runs(place):
    expected = ExpectedListener("tcp", 8080, 8080, ("127.0.0.1",))
    assert await place.runtime.open_listeners(TASK, [expected]) == frozenset()
    await place.runtime.prepare(sandbox())
    assert await place.runtime.open_listeners(TASK, [expected]) == frozenset()


async def test_who_listens_late_is_seen_when_it_does(place):
    expected = ExpectedListener("tcp", 8080, 8080, ("127.0.0.1",))
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(LISTENS))
    assert await place.runtime.open_listeners(TASK, [expected]) == frozenset()

    async def listens():
        return await place.runtime.open_listeners(TASK, [expected]) == {expected}

    await place.until(listens)


async def test_a_container_ends_with_its_code_and_its_times(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(ENDS))
    await place.until(seen.ended)
    state = await look(place.runtime)
    assert state.exit_code == 3
    assert state.finished_at is not None
    assert state.finished_at >= state.started_at
    assert state.reason is None


async def test_a_container_that_ran_is_not_started_again(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(ENDS))
    await place.until(seen.ended)
    before = await look(place.runtime)
    await place.runtime.start(place.container(RUNS))
    assert await look(place.runtime) == before


async def test_a_later_attempt_starts_it_again_once_it_has_ended(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS))
    await place.until(seen.up)
    await place.runtime.start(replace(place.container(ENDS), attempt=1))
    assert (await look(place.runtime)).attempt == 0
    await place.runtime.stop(TASK, "app")
    await place.until(seen.ended)
    for _ in range(2):
        await place.runtime.start(replace(place.container(ENDS), attempt=1))
    assert (await look(place.runtime)).attempt == 1
    await place.until(seen.ended)
    assert (await look(place.runtime)).exit_code == 3
    await place.runtime.start(place.container(RUNS))
    assert (await look(place.runtime)).attempt == 1


async def test_told_twice_to_start_it_runs_once(place):
    await place.runtime.prepare(sandbox())
    await asyncio.gather(*(place.runtime.start(place.container(RUNS)) for _ in range(2)))
    state = await look(place.runtime)
    assert state.phase is ContainerPhase.RUNNING
    assert state.exit_code is None
    assert state.runtime_id


async def test_stop_is_sigterm(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS))
    await place.until(seen.up)
    await place.runtime.stop(TASK, "app")
    await place.runtime.stop(TASK, "app")
    await place.until(seen.ended)
    assert (await look(place.runtime)).exit_code == 143


async def test_who_ignores_sigterm_is_killed_after_the_stop_timeout(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(STUBBORN))
    await place.runtime.stop(TASK, "app")
    await place.until(seen.ended)
    assert (await look(place.runtime)).exit_code == 137


async def test_stopping_what_is_not_there_does_nothing(place):
    await place.runtime.stop(TASK, "app")
    await place.runtime.prepare(sandbox())
    await place.runtime.stop(TASK, "app")
    assert (await place.runtime.inspect(TASK)).containers == {}


async def test_a_command_that_is_not_there_cannot_start(place):
    await place.runtime.prepare(sandbox())
    for _ in range(2):
        with pytest.raises(CannotStart) as fault:
            await place.runtime.start(place.container(MISSING))
        assert fault.value.reason.startswith("CannotStartContainerError: ")
    assert (await place.runtime.inspect(TASK)).containers == {}


async def test_an_image_that_is_not_here_cannot_be_pulled(place):
    await place.runtime.prepare(sandbox())
    with pytest.raises(ImageNotFound, match=r"example/web:1") as fault:
        await place.runtime.start(ContainerSpec(TASK, "app", "example/web:1"))
    assert fault.value.reason.startswith("CannotPullContainerError: ")


async def test_health_is_what_the_probe_says(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS, probe=HEALTHY))
    assert (await look(place.runtime)).health is Health.UNKNOWN
    await place.until(seen.healthy)


async def test_a_failing_probe_makes_it_unhealthy_and_leaves_it_running(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS, probe=SICK))
    await place.until(seen.unhealthy)
    assert (await look(place.runtime)).phase is ContainerPhase.RUNNING


async def test_a_proxy_becomes_healthy_serves_nothing_yet_and_stops(place, seen):
    await place.runtime.prepare(sandbox())
    assert await place.runtime.in_flight(TASK) is None
    await place.runtime.start_proxy(proxy())
    await place.runtime.start_proxy(proxy())
    await place.until(lambda: seen.healthy("proxy"))
    assert await place.runtime.in_flight(TASK) == 0
    for _ in range(2):
        await place.runtime.reject_new_connections(TASK, (8080,))
    await place.runtime.reject_new_connections(OTHER, (8080,))
    assert await place.runtime.in_flight(TASK) == 0
    await place.runtime.stop(TASK, "proxy")
    await place.until(lambda: seen.ended(name="proxy"))
    assert await place.runtime.in_flight(TASK) is None


async def test_a_proxy_that_stands_for_a_container_is_started_again_as_that_would_be(place, seen):
    def stands_for(attempt: int) -> ProxySpec:
        container = place.container(RUNS, name="proxy", probe=HEALTHY)
        return replace(proxy(), container=replace(container, attempt=attempt, image="no/such/image", user="1337"))

    await place.runtime.prepare(sandbox())
    await place.runtime.start_proxy(stands_for(0))
    await place.until(lambda: seen.healthy("proxy"))
    await place.runtime.start_proxy(stands_for(1))
    assert (await look(place.runtime, name="proxy")).attempt == 0
    await place.runtime.stop(TASK, "proxy")
    await place.until(lambda: seen.ended(name="proxy"))
    await place.runtime.start_proxy(stands_for(0))
    assert (await look(place.runtime, name="proxy")).phase is ContainerPhase.STOPPED
    await place.runtime.start_proxy(stands_for(1))
    assert (await look(place.runtime, name="proxy")).attempt == 1
    await place.until(lambda: seen.healthy("proxy"))


async def test_release_takes_one_task_and_leaves_the_others(place):
    for number in (1, 2):
        await place.runtime.prepare(sandbox(number))
    await place.runtime.start(place.container(STUBBORN))
    await place.runtime.start(place.container(RUNS, task=OTHER))
    await place.runtime.release(TASK)
    await place.runtime.release(TASK)
    observed = await place.runtime.observe()
    assert list(observed) == [OTHER]
    assert observed[OTHER].containers["app"].phase is ContainerPhase.RUNNING


async def test_a_released_task_can_be_prepared_again(place):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS))
    await place.runtime.release(TASK)
    await place.runtime.prepare(sandbox())
    assert (await place.runtime.inspect(TASK)).containers == {}


async def test_sweep_keeps_what_it_is_told_to_keep(place):
    for number in (1, 2):
        await place.runtime.prepare(sandbox(number))
    await place.runtime.sweep(frozenset({OTHER}))
    assert list(await place.runtime.observe()) == [OTHER]


async def test_the_bell_rings_when_something_changes(place):
    rung = []

    async def listen():
        async for task in place.runtime.changes():
            rung.append(task)  # noqa: PERF401 - it never ends

    listener = asyncio.create_task(listen())
    try:
        await place.runtime.prepare(sandbox())
        await place.until(lambda: _is(rung.count(TASK) >= 1))
        rung.clear()
        await place.runtime.start(place.container(ENDS))
        await place.until(lambda: _is(rung.count(TASK) >= 2))
    finally:
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener


async def _is(truth):
    return truth


async def test_output_is_kept_in_order_of_time_and_can_be_followed_to_the_end(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(ENDS))
    followed = []

    async def follow():
        async for line in place.runtime.logs(TASK, "app", follow=True):
            followed.append(line)  # noqa: PERF401 - it comes bit by bit

    reading = asyncio.create_task(follow())
    await place.until(seen.ended)
    await place.until(lambda: _is(reading.done()))
    kept = [line async for line in place.runtime.logs(TASK, "app")]
    assert kept == followed
    assert len(kept) == 2
    assert {line.stream for line in kept} <= {"stdout", "stderr"}
    assert kept == sorted(kept, key=lambda line: line.at)


async def test_output_is_read_on_from_a_position(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(ENDS))
    await place.until(seen.ended)
    kept = [line async for line in place.runtime.logs(TASK, "app")]
    lines, position = await place.runtime.output(TASK, "app", 0)
    assert list(lines) == kept
    again = await place.runtime.output(TASK, "app", position)
    assert (list(again.lines), again.position) == ([], position)


async def test_a_container_that_never_was_has_said_nothing(place):
    assert list((await place.runtime.output(TASK, "app", 0)).lines) == []
    assert [line async for line in place.runtime.logs(TASK, "app")] == []


async def test_usage_is_of_what_runs(place, seen):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS))
    await place.runtime.start(place.container(ENDS, name="done"))
    await place.until(lambda: seen.ended(name="done"))
    used = await place.runtime.usage(TASK)
    assert set(used) == {"app"}
    assert used["app"].cpu_seconds >= 0
    assert min(used["app"].read_bytes, used["app"].written_bytes) >= 0
    network = await place.runtime.network_usage(TASK)
    assert network is not None
    assert min(network.received, network.sent) >= 0
    assert await place.runtime.network_usage(OTHER) is None


async def test_listening_inside_a_vpc_gives_a_socket_or_says_that_there_is_no_network(place):
    vpc, cidr = VpcId("vpc-0"), "172.31.0.0/16"
    ends = [Endpoint("172.31.0.2", 53, transport) for transport in Transport] + [Endpoint(METADATA_ADDRESS, 80)]
    for _ in range(2):
        sockets = [await place.runtime.listen(vpc, cidr, end) for end in ends]
        for end, listener in zip(ends, sockets, strict=True):
            if listener is not None:
                with listener:
                    assert listener.getsockname() == (end.address, end.port)
                    assert (listener.type is SocketKind.SOCK_STREAM) == (end.transport is Transport.TCP)
                    assert not listener.getblocking()


async def test_publishing_nothing_is_fine(place):
    await place.runtime.publish(())
    await place.runtime.publish(())


async def test_networks_are_applied_before_their_tasks_start_while_they_run_and_afterwards(place):
    apply = place.runtime.apply_network
    await apply(NetworkSpec())
    for networks in (network_of(sandbox(1), sandbox(2, vpc="vpc-1")), network_of(sandbox(1), sandbox(2))):
        await apply(networks)
        await apply(networks)
        for number in (1, 2):
            await place.runtime.prepare(sandbox(number))
    await place.runtime.release(TASK)
    await apply(network_of(sandbox(2)))
    await apply(NetworkSpec())
    assert list(await place.runtime.observe()) == [OTHER]


async def test_destroy_leaves_nothing_and_can_be_told_again(place):
    for number in (1, 2):
        await place.runtime.prepare(sandbox(number))
    await place.runtime.start(place.container(STUBBORN))
    await place.runtime.destroy()
    await place.runtime.destroy()
    assert await place.runtime.observe() == {}
    await place.runtime.prepare(sandbox())
    assert list(await place.runtime.observe()) == [TASK]


async def test_names_move_under_a_running_task(place, seen):
    before = sandbox()
    await place.runtime.prepare(before)
    await place.runtime.start(place.container(RUNS))
    await place.until(seen.up)
    assert (await place.runtime.inspect(TASK)).hosts == before.hosts
    for after in ((HostName("127.255.0.1", "db"), HostName("127.255.0.2", "web")), (HostName("127.255.0.2", "web"),)):
        await place.runtime.set_hosts(TASK, after)
        await place.runtime.set_hosts(TASK, after)
        assert (await place.runtime.inspect(TASK)).hosts == after
    assert (await look(place.runtime)).phase is ContainerPhase.RUNNING


async def test_what_has_no_sandbox_can_be_given_no_names(place):
    with pytest.raises(SandboxFailed):
        await place.runtime.set_hosts(TASK, ())


async def test_a_task_behind_or_in_an_instance_needs_it_to_be_there(place):
    host = instance()
    await place.runtime.apply_network(network_of(host))
    for made in (behind(host, 1, Forward(32768, 80)), in_host(host, 2)):
        with pytest.raises(SandboxFailed, match="container instance"):
            await place.runtime.prepare(made)
        await place.runtime.release(made.task)
    await place.runtime.prepare(host)
    for made in (behind(host, 1, Forward(32768, 80)), in_host(host, 2), alone(3)):
        await place.runtime.prepare(made)
        await place.runtime.prepare(made)
        state = await place.runtime.inspect(made.task)
        assert state is not None
        assert state.hosts == made.hosts
    for one in (TASK, OTHER, alone(3).task, host.task):
        await place.runtime.release(one)
        await place.runtime.release(one)
    assert not await place.runtime.observe()


async def test_a_task_in_an_instance_goes_and_the_instance_stays(place, seen):
    host = instance()
    await place.runtime.apply_network(network_of(host))
    await place.runtime.prepare(host)
    await place.runtime.prepare(in_host(host, 1))
    await place.runtime.start(place.container(RUNS))
    await place.until(seen.up)
    await place.runtime.release(TASK)
    assert set(await place.runtime.observe()) == {host.task}


@pytest.mark.parametrize("sharing", [Sharing.TASK, Sharing.HOST])
async def test_containers_that_share_namespaces_end_one_by_one(place, seen, sharing):
    host = instance()
    await place.runtime.apply_network(network_of(host))
    await place.runtime.prepare(host)
    shares = {"processes": sharing, "ipc": sharing, "host": host.task if sharing is Sharing.HOST else None}
    for number in (1, 2):
        await place.runtime.prepare(replace(behind(host, number), **shares))
    for task, name in ((TASK, "app"), (TASK, "side"), (OTHER, "app")):
        await place.runtime.start(place.container(RUNS, name=name, task=task))
    await place.until(seen.up)
    await place.runtime.stop(TASK, "app")
    await place.until(seen.ended)
    assert (await look(place.runtime, TASK, "side")).phase is ContainerPhase.RUNNING
    await place.runtime.release(TASK)
    assert (await look(place.runtime, OTHER)).phase is ContainerPhase.RUNNING
    assert set(await place.runtime.observe()) == {host.task, OTHER}


async def test_what_is_to_be_shared_with_an_instance_needs_it_to_be_there(place):
    host = instance()
    for kind in ("processes", "ipc"):
        with pytest.raises(SandboxFailed, match="container instance"):
            await place.runtime.prepare(replace(sandbox(1), host=host.task, **{kind: Sharing.HOST}))
        assert await place.runtime.inspect(TASK) is None


async def test_a_sandbox_says_what_its_images_were_and_that_is_what_runs(place):
    """Whatever their names stand for by then."""
    image = place.image("shop/web:1")
    await place.runtime.prepare(replace(sandbox(), images={image: None, "shop/none:1": None}))
    state = await place.runtime.inspect(TASK)
    assert state is not None
    assert list(state.images) == [image]
    digest = state.images[image]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert place.image(image) == image  # another one of that name
    await place.runtime.prepare(replace(sandbox(2), images={image: None}))
    later = await place.runtime.inspect(OTHER)
    assert later is not None
    assert later.images[image] != digest
    for task in (TASK, OTHER):
        await place.runtime.start(replace(place.container(RUNS, task=task), image=image, digest=digest))
    unknown = replace(place.container(RUNS, name="no"), image=image, digest="sha256:" + "0" * 64)
    with pytest.raises(ImageNotFound, match="not here any more"):
        await place.runtime.start(unknown)
