"""Sandboxes of tasks and container instances: a directory, a control group and a network namespace for each.

A sandbox's specification is kept in its directory, with the names in its hosts file as they were last set. Blocking;
``create_namespaces`` and ``disconnect_network`` run on the network thread.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from moyai.domain.sandbox.network import (
    AwsvpcNetwork,
    BridgeNetwork,
    HostName,
    HostNetwork,
    NodesNetwork,
    NoNetwork,
    SubnetAddress,
)
from moyai.domain.sandbox.spec import DEFAULT_STORAGE_GIB, MemoryLimits, SandboxSpec
from moyai.domain.sandbox.state import ExpectedListener
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import etc_files, monitors
from moyai.runtime.linux.network import instance_bridge, interception, listeners, namespaces, router, veth
from moyai.runtime.linux.network.configure import sandbox_errors
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import DISK_FILES
from moyai.runtime.linux.tasks import disks, shared_output, user_ids

_GIBIBYTE = 1024**3
_INCOMPLETE = "sandbox.new"
_CANNOT_MAKE = "the task's sandbox can't be made"
_READER = msgspec.json.Decoder(SandboxSpec)


def is_complete(paths: RuntimePaths, spec: SandboxSpec) -> bool:
    """Whether the sandbox was made and still exists."""
    return paths.sandbox(spec.task).exists() and namespaces.exists(netns_of(paths, spec))


def create_directory(paths: RuntimePaths, spec: SandboxSpec) -> None:
    """Make the directory of a sandbox, which counts as complete once it is saved. Raises SandboxFailed."""
    with sandbox_errors(_CANNOT_MAKE):
        paths.containers(spec.task).mkdir(parents=True, exist_ok=True)
        _save_incomplete(paths, spec)


def further_parts(
    paths: RuntimePaths, cgroups: Cgroups, mounted_disks: disks.MountedDisks, spec: SandboxSpec
) -> Iterator[Callable[[], None]]:
    """The work that makes the other parts of a sandbox, once it has its directory, for any threads. It raises
    SandboxFailed.
    """
    yield partial(_create_group, paths, cgroups, spec)
    if spec.storage_gib:
        yield partial(_create_disk, paths, mounted_disks, spec)


def _create_group(paths: RuntimePaths, cgroups: Cgroups, spec: SandboxSpec) -> None:
    """Make a sandbox's control group, and the files that its containers share."""
    with sandbox_errors(_CANNOT_MAKE):
        etc_files.write_etc_files(spec, paths.task(spec.task))
        if spec.shared_proxy:
            shared_output.create(paths, spec.task, spec.shared_proxy)
        cgroups.create(spec.task, GroupLimits(spec.cpu_units, MemoryLimits(spec.memory_mib)))


def create_namespaces(paths: RuntimePaths, spec: SandboxSpec) -> None:
    """Make a sandbox's namespaces with their network, once it has its directory. Only for the network thread. Raises
    SandboxFailed.
    """
    with sandbox_errors(_CANNOT_MAKE):
        _create_user_namespace(paths, spec)
        _connect_network(paths, spec)


def _create_disk(paths: RuntimePaths, mounted_disks: disks.MountedDisks, spec: SandboxSpec) -> None:
    """Make a task's disk, if it has none. A disk over the default size needs that much free space."""
    free = shutil.disk_usage(paths.state).free
    if spec.storage_gib > DEFAULT_STORAGE_GIB and spec.storage_gib * _GIBIBYTE > free:
        raise SandboxFailed(f"ephemeralStorage: {spec.storage_gib} GiB, and this machine has {free // _GIBIBYTE}")
    try:
        disks.create(paths.task(spec.task), spec.storage_gib, paths.empty_disks)
        mounted_disks.mount(spec.task, paths.task(spec.task))
    except OSError as error:
        raise SandboxFailed(f"the task's disk can't be made: {error.strerror}") from error


def remove_files(directory: Path, removing: Path) -> None:
    """Kill the containers of a sandbox and remove its files, after a move to ``removing``."""
    for path in (directory, removing):
        disks.detach(path)
    monitors.remove_containers(directory, removing, "containers/*", "pause")


def still_exists(paths: RuntimePaths, spec: SandboxSpec) -> bool:
    """Whether a saved sandbox still exists. A container instance is only a namespace, which a reboot removes."""
    is_instance = isinstance(spec.network, AwsvpcNetwork) and spec.network.bridge is not None
    return not is_instance or namespaces.exists(paths.task_netns(spec.task))


def _create_user_namespace(paths: RuntimePaths, spec: SandboxSpec) -> None:
    """Make the sandbox's user namespace, if it has its own, and its network namespace, which belongs to the former.

    With an App Mesh proxy it does not: rules that ignore a user then apply to containers on the host's root, too, which
    are outside of the user namespace.
    """
    userns, netns = paths.task_users(spec.task), paths.task_netns(spec.task)
    if spec.user_namespace != spec.task or namespaces.exists(userns):
        return
    if users := user_ids.assign(paths, spec.task):
        is_own = spec.intercept_all is None and not namespaces.exists(netns)
        user_namespaces.create(userns, users, netns if is_own else None)


def _connect_network(paths: RuntimePaths, spec: SandboxSpec) -> None:
    task, netns, network = spec.task, netns_of(paths, spec), spec.network
    match network:
        case AwsvpcNetwork():
            router_netns = paths.router_netns(network.vpc)
            router.create_router(router_netns, network.vpc_cidr)
            veth.connect_to_router(task, network, router_netns, netns)
            if network.bridge is not None:
                instance_bridge.enable_bridge(netns, network, network.bridge)
        case BridgeNetwork():
            instance_bridge.connect_to_instance(task, network, paths.task_netns(network.instance), netns)
        case HostNetwork():
            load_instance(paths, network.instance)
        case NoNetwork():
            veth.create_isolated_namespace(netns)
        case NodesNetwork():
            router_netns = paths.router_netns(network.vpc)
            router.create_router(router_netns, network.vpc_cidr)
            veth.connect_nodes(task, network, router_netns, netns)
    ipv6 = isinstance(network, AwsvpcNetwork) and network.ipv6 is not None
    if spec.intercept is not None:
        rules = interception.service_connect_rules(spec.intercept, ipv6=ipv6, is_shared=bool(spec.shared_proxy))
        interception.redirect_to_proxy(netns, rules)
    elif spec.intercept_all is not None:
        users = user_ids.first_id(paths.task(spec.user_namespace))
        interception.redirect_to_proxy(netns, interception.app_mesh_rules(spec.intercept_all, users, ipv6=ipv6))


def disconnect_network(paths: RuntimePaths, task: TaskId, spec: SandboxSpec | None) -> None:
    """Remove a sandbox's link and namespaces. ``spec`` None: its link may be in any router."""
    namespaces.remove(paths.task_users(task))
    netns = paths.task_netns(task)
    match None if spec is None else spec.network:
        case AwsvpcNetwork() | NodesNetwork() as network:
            near = [paths.router_netns(network.vpc)]
        case BridgeNetwork() as network:
            near = [paths.task_netns(network.instance)]
        case None:
            near = sorted(paths.netns.glob("vpc-*"))
        case _:
            near = []
    veth.disconnect(task, near, netns)


def remove_forwarded_ports(paths: RuntimePaths, spec: SandboxSpec | None) -> None:
    """Stop forwarding ports of an instance to the task. Only for the network thread."""
    if spec is not None and isinstance(spec.network, BridgeNetwork):
        instance_bridge.remove_forwarded_ports(paths.task_netns(spec.network.instance), spec.network.address)


def netns_of(paths: RuntimePaths, spec: SandboxSpec) -> Path:
    """The file (see RuntimePaths.task_netns) of the network namespace that a sandbox's containers use."""
    return paths.task_netns(spec.network.instance if isinstance(spec.network, HostNetwork) else spec.task)


def open_listeners(
    paths: RuntimePaths, task: TaskId, listeners_to_check: Iterable[ExpectedListener]
) -> frozenset[ExpectedListener]:
    """The expected listeners that are open. Only for the network thread. Raises RuntimeFault."""
    spec = load(paths, task)
    return frozenset() if spec is None else listeners.open_listeners(netns_of(paths, spec), listeners_to_check)


def set_hosts(paths: RuntimePaths, task: TaskId, hosts: tuple[HostName, ...]) -> None:
    """Make these the names in the task's hosts file. Raises SandboxFailed."""
    spec, directory = load_required(paths, task), paths.task(task)
    with sandbox_errors("the task's names can't be changed"):
        etc_files.update_hosts(directory / "hosts", spec.hosts, hosts)
        with disks.mount_detached(directory) as disk:
            on_disk = None if disk is None else disk / Path(DISK_FILES).name / "hosts"
            if on_disk is not None and on_disk.exists():
                etc_files.update_hosts(on_disk, spec.hosts, hosts)
    save(paths, replace(spec, hosts=hosts))


def set_addresses(paths: RuntimePaths, task: TaskId, addresses: tuple[SubnetAddress, ...]) -> None:
    """Make these the addresses of a front proxy's sandbox. Only for the network thread. Raises SandboxFailed."""
    spec = load_required(paths, task)
    if not isinstance(spec.network, NodesNetwork) or not namespaces.exists(paths.task_netns(task)):
        raise SandboxFailed(f"the sandbox {task} can't have other addresses")
    network = replace(spec.network, addresses=addresses)
    veth.set_node_addresses(task, network, paths.router_netns(network.vpc), paths.task_netns(task))
    with sandbox_errors("the sandbox's addresses can't be saved"):
        save(paths, replace(spec, network=network))


def save(paths: RuntimePaths, spec: SandboxSpec) -> None:
    """Save the specification atomically: from here on the sandbox counts as complete."""
    _save_incomplete(paths, spec).replace(paths.sandbox(spec.task))


def _save_incomplete(paths: RuntimePaths, spec: SandboxSpec) -> Path:
    new = paths.task(spec.task) / _INCOMPLETE
    new.write_bytes(msgspec.json.encode(spec))
    return new


def load(paths: RuntimePaths, task: TaskId) -> SandboxSpec | None:
    """The specification of a complete sandbox; None if there is none."""
    return _read(paths.sandbox(task))


def load_incomplete(paths: RuntimePaths, task: TaskId) -> SandboxSpec | None:
    """The specification of a sandbox, complete or not; None if it can't be read."""
    return load(paths, task) or _read(paths.task(task) / _INCOMPLETE)


def _read(path: Path) -> SandboxSpec | None:
    try:
        return _READER.decode(path.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):  # another version's, or damaged
        return None


def load_required(paths: RuntimePaths, task: TaskId) -> SandboxSpec:
    """The specification of a complete sandbox. Raises SandboxFailed if there is none."""
    spec = load(paths, task)
    if spec is None:
        raise SandboxFailed(f"task {task} has no sandbox")
    return spec


def load_instance(paths: RuntimePaths, task: TaskId) -> SandboxSpec:
    """The sandbox of a container instance. Raises SandboxFailed if it is gone."""
    spec = load(paths, task)
    if spec is None or not namespaces.exists(paths.task_netns(task)):
        raise SandboxFailed(f"the container instance {task} is not there")
    return spec
