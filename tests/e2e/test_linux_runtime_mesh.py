"""App Mesh: all traffic of a task through its proxy, and a proxy that stands for a container."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import InterceptAll
from moyai.domain.sandbox.spec import Probe, ProxySpec, TmpfsMount, Ulimit, VolumeMount
from moyai.domain.sandbox.state import ContainerPhase, Health, InboundTraffic
from moyai.images.imports.importing import import_image
from moyai.runtime.linux.launch.monitors import read_record
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import proxies
from moyai.runtime.linux.tasks.user_ids import first_id
from tests.contract.runtime.adapters import OTHER, TASK, LinuxAdapter, container_state, dual_stack, sandbox
from tests.e2e.linux_tasks import run, shell, wait_for_output
from tests.e2e.test_linux_runtime_network import ask, client, listener, prepare, python

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LED = InterceptAll(
    egress_port=15001,
    ingress_port=15000,
    app_ports=(8080,),
    uid=1337,
    gid=1338,
    ignored_ports=(2222,),
    ignored_ranges=("172.31.0.13/32",),
)
ADMIN = 9901


async def asked_as(linux: LinuxAdapter, user: str, port: int) -> str:
    """The answer of the other task to a container of this user."""
    program = ("python3", "-c", client("172.31.0.12", port))
    container = shell("", name=f"as-{user.replace(':', '-')}-{port}", command=program, user=user)
    return (await run(linux, container))[1][0]


async def test_outbound_traffic_is_redirected_to_the_proxy_except_ignored_traffic(linux):
    await prepare(linux, sandbox(1, intercept_all=LED), sandbox(2), sandbox(3))
    for other in (2, 3):
        await linux.runtime.start(python(listener(80, 2222), task=sandbox(other).task))
        await wait_for_output(linux, "up", sandbox(other).task)
    await linux.runtime.start(python(listener(15001, 15000, 7000), name="proxy"))
    await wait_for_output(linux, "up", name="proxy")
    assert await ask(linux, TASK, "172.31.0.12", 80) == "15001"
    assert await ask(linux, TASK, "10.10.10.10", 4711) == "15001"
    assert await ask(linux, TASK, "172.31.0.12", 2222) == "2222"
    assert await ask(linux, TASK, "172.31.0.13", 80) == "80"
    assert [await asked_as(linux, user, 80) for user in ("1337", "5:1338", "1338")] == ["80", "80", "15001"]
    assert await ask(linux, TASK, "127.0.0.1", 7000) == "7000"
    assert await ask(linux, TASK, "172.31.0.11", 7000) == "7000"


async def test_inbound_traffic_to_application_ports_is_redirected_to_the_proxy(linux):
    await prepare(linux, sandbox(1, intercept_all=LED), sandbox(2))
    await linux.runtime.start(python(listener(8080, 7000, 15000, 15001)))
    await wait_for_output(linux, "up")
    assert await ask(linux, OTHER, "172.31.0.11", 8080) == "15000"
    assert await ask(linux, OTHER, "172.31.0.11", 7000) == "7000"
    assert await ask(linux, OTHER, "172.31.0.11", 15001) == "ConnectionRefusedError"
    assert await ask(linux, TASK, "172.31.0.11", 8080) == "8080", "its own port without the proxy"


async def test_ipv6_traffic_is_redirected_to_the_proxy(linux):
    redirected, plain = dual_stack(sandbox(1, intercept_all=LED)), dual_stack(sandbox(2))
    await prepare(linux, redirected, plain)
    both = listener(8080, 80, 15000, 15001).replace("('0.0.0.0', port)", "('::', port), family=socket.AF_INET6")
    for one in (redirected, plain):
        await linux.runtime.start(python(both, task=one.task))
        await wait_for_output(linux, "up", one.task)
    assert await ask(linux, TASK, "fd00:0:0:1::c", 80) == "15001"
    assert await ask(linux, OTHER, "fd00:0:0:1::b", 8080) == "15000"
    assert await ask(linux, OTHER, "fd00:0:0:1::b", 15001) == "ConnectionRefusedError"


def standing_for(**changes: object) -> ProxySpec:
    """An Envoy with nothing but an admin port, that stands for a container."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": ADMIN}}
    bootstrap = {"node": {"id": TASK, "cluster": "test"}, "admin": {"address": address}}
    container = shell("", name="envoy", image="shop/aws-appmesh-envoy:v1", user="1337", stop_timeout=1)
    return ProxySpec(
        TASK,
        "envoy",
        json.dumps(bootstrap).encode(),
        stop_timeout=1,
        container=replace(container, **changes),
        admin_port=ADMIN,
    )


async def live(linux: LinuxAdapter) -> Path:
    """Wait until the proxy is; its directory in /proc."""

    async def healthy() -> bool:
        return (await container_state(linux.runtime, TASK, "envoy")).health is Health.HEALTHY

    await linux.until(healthy)
    kept = read_record(linux.state / "run/tasks" / TASK / "containers/envoy")
    assert kept is not None
    return Path("/proc", str(kept.init))


async def test_a_proxy_has_the_containers_user_and_reaches_the_control_plane(linux):
    await prepare(linux, sandbox())
    limits = (Ulimit("nofile", 15000, 15000),)
    await linux.runtime.start_proxy(standing_for(environment={"DD_ENV": "shop"}, ulimits=limits))
    await asyncio.to_thread(_expect_the_container, await live(linux), first_id(linux.state / "run/tasks" / TASK))
    info = proxies.load_proxy_info(RuntimePaths(linux.state), TASK)
    assert info.uid == first_id(linux.state / "run/tasks" / TASK) + 1337  # as the kernel's table of sockets names it
    assert await linux.runtime.inbound_traffic(TASK) == InboundTraffic()
    await linux.runtime.stop(TASK, "envoy")

    async def has_stopped() -> bool:
        return (await container_state(linux.runtime, TASK, "envoy")).phase is ContainerPhase.STOPPED

    await linux.until(has_stopped)
    assert await linux.runtime.inbound_traffic(TASK) is None


def _expect_the_container(proc: Path, users: int) -> None:
    status = dict(line.split(":\t") for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(users + 1337)] * 4
    assert status["Gid"].split() == [str(users + 20000)] * 4
    assert status["Groups"].split() == [str(users + 20000)]
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert b"DD_ENV=shop" in (proc / "environ").read_bytes().split(b"\0")
    assert "Max open files            15000" in (proc / "limits").read_text()
    root = proc / "root"
    assert "nameserver" in (root / "etc/resolv.conf").read_text()
    assert "localhost" in (root / "etc/hosts").read_text()
    assert "BEGIN CERTIFICATE" in (root / "etc/pki/tls/cert.pem").read_text()


async def test_a_proxy_can_have_its_own_group(linux):
    await prepare(linux, sandbox())
    await linux.runtime.start_proxy(standing_for(user="1:1338"))
    text = await asyncio.to_thread((await live(linux) / "status").read_text)
    users = first_id(linux.state / "run/tasks" / TASK)
    assert "\t".join(["Gid:", *[str(users + 1338)] * 4]) + "\n" in text
    assert f"Groups:\t{users + 1338} {users + 20000}" in text


async def test_a_proxy_has_the_volumes_and_the_image_of_the_container(linux):
    source = linux.state / "files"
    (source / "certs").mkdir(parents=True)
    (source / "certs/ca.pem").write_text("baked")
    import_image(linux.runtime.images, "shop/aws-appmesh-envoy:v1", source)
    await prepare(linux, sandbox())
    volumes = (VolumeMount("/shared", volume="shared"),)
    await linux.runtime.start(shell("echo there > /shared/key.pem; echo up; sleep 60", volumes=volumes))
    await wait_for_output(linux, "up")
    mounts = (VolumeMount("/keys", volume="shared", read_only=True),)
    await linux.runtime.start_proxy(standing_for(volumes=mounts, tmpfs=(TmpfsMount("/room", 1),)))
    root = await live(linux) / "root"
    assert (root / "certs/ca.pem").read_text() == "baked"
    assert (root / "keys/key.pem").read_text() == "there\n"
    assert (root / "room").is_dir()
    assert sorted(path.name for path in (root / "run/moyai/tasks").iterdir()) == []


async def test_a_proxys_health_has_the_timing_of_the_containers_check(linux):
    """An Envoy that waits for ever for its configuration: unhealthy when its container would be."""
    await prepare(linux, sandbox())
    waiting = standing_for(probe=Probe(("CMD-SHELL", "curl"), interval=1, timeout=2, retries=1, start_period=0))
    bootstrap = json.loads(waiting.bootstrap)
    nobody = {"envoy_grpc": {"cluster_name": "nobody"}}
    bootstrap["static_resources"] = {"clusters": [{"name": "nobody", "type": "STATIC"}]}
    bootstrap["dynamic_resources"] = {
        "ads_config": {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [nobody]},
        "cds_config": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"},
    }
    await linux.runtime.start_proxy(replace(waiting, bootstrap=json.dumps(bootstrap).encode()))

    async def unhealthy() -> bool:
        return (await container_state(linux.runtime, TASK, "envoy")).health is Health.UNHEALTHY

    await linux.until(unhealthy)


async def test_a_proxys_output_is_readable_like_a_containers(linux):
    await prepare(linux, sandbox())
    await linux.runtime.start_proxy(standing_for())
    await live(linux)

    async def says_that_it_starts() -> bool:
        lines = [line.text async for line in linux.runtime.logs(TASK, "envoy")]
        return any("starting main dispatch loop" in line for line in lines)

    await linux.until(says_that_it_starts)
