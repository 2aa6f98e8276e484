"""The runtime that runs tasks.

Promise: a runtime decides nothing: it carries out the planner's actions and reports what it observes. Every method is
idempotent: a second call does nothing. ``observe`` reads the state of the machine (processes, records), not the
runtime's memory, so a control plane that was killed at any point finds its tasks again. Adapters: ``runtime/linux`` and
``runtime/sim``, with one contract suite.

Errors:

    RuntimeFault                    the container or sandbox can't be made; ``reason`` is AWS's wording
    ├── CannotPull                  CannotPullContainerError
    ├── CannotCreate                CannotCreateContainerError
    ├── CannotStart                 CannotStartContainerError
    ├── SandboxFailed               ResourceInitializationError
    ├── NotRunning                  ContainerRuntimeError
    └── NotStopped                  ContainerRuntimeTimeoutError

Source of the wording: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from enum import StrEnum
from socket import socket
from typing import ClassVar, NamedTuple, Protocol

import msgspec

from moyai.domain.ecs import metadata
from moyai.domain.sandbox.network import HostName, SubnetAddress
from moyai.domain.sandbox.network_spec import NetworkSpec, PublishedPort
from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import (
    ExpectedListener,
    InboundTraffic,
    LogLine,
    NetworkUsage,
    ProxyEndpoint,
    SandboxState,
    Usage,
)
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.sessions import CommandSession, Execution

METADATA_ADDRESS = metadata.ADDRESS
"""The address of the task metadata endpoint, as on AWS."""


class Transport(StrEnum):
    """The transport protocol of a socket."""

    TCP = "tcp"
    UDP = "udp"


class Endpoint(msgspec.Struct, frozen=True):
    """The address of a socket in a VPC: an IPv4 address of the router, and a port."""

    address: str
    port: int
    transport: Transport = Transport.TCP


class RuntimeFault(MoyaiError):
    """The runtime failed; ``str(error)`` is the ``stoppedReason`` to show."""

    category: ClassVar[str] = "ContainerRuntimeError"

    @property
    def reason(self) -> str:
        """The text that goes into ``stoppedReason`` and the container's ``reason``."""
        return f"{self.category}: {self}"


class CannotPull(RuntimeFault):
    """The container's image can't be pulled; the message says which sources were tried, and why each failed."""

    category = "CannotPullContainerError"


class CannotCreate(RuntimeFault):
    """The container's file system, namespaces or limits can't be made."""

    category = "CannotCreateContainerError"


class CannotStart(RuntimeFault):
    """The command can't be executed (not found, not executable, no such user or directory)."""

    category = "CannotStartContainerError"


class SandboxFailed(RuntimeFault):
    """The task's network namespace can't be made."""

    category = "ResourceInitializationError"


class NetworksFailed(SandboxFailed):
    """The networks of ``vpcs`` can't be made; all others are. The message is that of the first failed network."""

    def __init__(self, message: str, vpcs: Iterable[VpcId]) -> None:
        super().__init__(message)
        self.vpcs = frozenset(vpcs)


class NotRunning(RuntimeFault):
    """A command can be executed only in a container that runs."""


class NotStopped(RuntimeFault):
    """Processes are still there although they were killed; the message names them and says why."""

    category = "ContainerRuntimeTimeoutError"


class Output(NamedTuple):
    """Lines of a container's output, and the position after them."""

    lines: Sequence[LogLine]
    position: int


class TaskRuntime(Protocol):
    """Runs tasks. See the module's promise; every method may raise RuntimeFault."""

    async def prepare(self, sandbox: SandboxSpec) -> None:
        """Make the sandbox: namespace, address, hosts file, interception, limits."""

    async def pull(self, task: TaskId, images: Sequence[ImagePull]) -> None:
        """Begin to pull the images of a task whose sandbox exists, and return at once. ``inspect`` shows each pull's
        progress and result; a failed pull stays failed. A repeated call continues, also after the control plane's
        restart; other images replace those of an earlier call. ``release`` ends the pulls. Raises SandboxFailed.
        """

    async def keep_images(self, digests: frozenset[str]) -> None:
        """Keep the images with these digests, from which tasks may be started later, and no longer keep those of the
        previous call. A sandbox keeps its own images.
        """

    async def remove_file_system(self, file_system: str) -> bool:
        """Remove the content of a file system. Returns False, and removes nothing, while a sandbox may mount it. A call
        that is cancelled ends soon, and the next one continues.
        """

    async def file_system_size(self, file_system: str) -> int | None:
        """The bytes that a file system uses on the disk, 0 before its first mount; None if they can't be counted."""

    async def start(self, container: ContainerSpec) -> None:
        """Start a container in its task's sandbox. Its image has been pulled. A container that has run is started again
        only if it has ended and ``attempt`` is a later one. It keeps its file system, unless its writable layer is in
        memory.
        """

    async def start_proxy(self, proxy: ProxySpec) -> None:
        """Start the task's Envoy. ``observe`` shows it under its name, HEALTHY once Envoy is live."""

    async def set_hosts(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        """Replace the names that an earlier call or ``prepare`` wrote into the task's hosts file. A container never
        reads an incomplete file; lines that containers have added stay.
        """

    async def set_addresses(self, task: TaskId, addresses: Sequence[SubnetAddress]) -> None:
        """Give a sandbox with a NodesNetwork exactly these addresses, of which there is at least one. Connections of
        an address that stays are not disturbed. Raises SandboxFailed.
        """

    async def stop(self, task: TaskId, container: str) -> None:
        """Begin to stop a container: SIGTERM now, SIGKILL for the whole tree after its stop timeout.

        Returns at once; ``observe`` shows the end.
        """

    async def release(self, task: TaskId) -> None:
        """Kill all processes of the task and remove its namespace, mounts, cgroups and files, but not its logs.

        Raises NotStopped when a process doesn't end; then everything else stays, for a later call.
        """

    async def publish(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """Make exactly these ports public; other public ports are closed. Returns the gateway port of each that has
        one: another port, at this machine's own address, that leads to it.
        """

    async def public_port_failures(self) -> Mapping[str, str]:
        """The ports that could not be opened, as another program uses them, for example, each with the reason: public
        ports ``ADDRESS:PORT``, gateway ports, and the ports for services by name. A repeated ``publish`` tries again.
        """

    async def apply_network(self, spec: NetworkSpec) -> None:
        """Make the networks as specified. A task that no specification has can't exchange packets with others, so its
        specification is applied before its sandbox is made. A repeated call repairs links, routes and processes.
        Raises NetworksFailed when some of the networks can't be made.
        """

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        """The state of all sandboxes."""

    async def inspect(self, task: TaskId) -> SandboxState | None:
        """The state of one sandbox; None if there is none."""

    def changes(self) -> AsyncIterator[TaskId]:
        """Notifications of tasks that have changed, or an empty id for a change outside of tasks. Some may be repeated
        or missing.
        """

    async def reject_new_connections(self, task: TaskId, ports: Sequence[int]) -> None:
        """Refuse new connections from outside to these TCP ports of the task. Open connections stay."""

    async def inbound_traffic(self, task: TaskId) -> InboundTraffic | None:
        """The traffic from outside that the task's proxy serves; None if there is no proxy, or it doesn't answer."""

    async def proxy_endpoints(self, task: TaskId) -> Sequence[ProxyEndpoint] | None:
        """The endpoints of all clusters of the sandbox's proxy, or only the task's own if the proxy is shared; None if
        there is no proxy, or it doesn't answer. After a call for a front proxy, ``changes`` notifies when a health
        check's result changes.
        """

    async def proxy_statistics(self, task: TaskId, pattern: str) -> Mapping[str, str] | None:
        """The current statistics of the task's proxy whose names match a regular expression, as Envoy prints them; None
        if there is no proxy, or it doesn't answer.
        """

    async def open_listeners(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        """The expected listeners that are open, which means that one of the ports accepts traffic at one of the
        addresses; none in a task without a sandbox. Applications are not contacted. For some seconds afterwards,
        ``changes`` notifies when the answer changes.
        """

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        """The resources that each running container has used."""

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        """The traffic of the task's own network; None if it has none, or doesn't run."""

    def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """A container's output, oldest line first; with ``follow`` until the container has ended."""

    async def execute(self, execution: Execution) -> CommandSession:
        """Start a command inside a running container. Raises NotRunning, and CannotStart with the reason."""

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        """The container's complete lines from a position on (0: from the beginning), about a mebibyte of them. Lines
        that were discarded are skipped. A position stays valid when the container or the control plane restarts.
        """

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:
        """A bound socket (TCP: listening) that only tasks of this VPC can reach; None if there is no network. Its peers
        have their own addresses.
        """

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        """Release every sandbox that isn't in ``keep``, also incomplete ones. Raises what ``release`` raises, after it
        has released the others.
        """

    async def close(self) -> None:
        """Close all files and threads without stopping a task."""

    async def destroy(self) -> None:
        """Stop and remove everything of this installation. Raises NotStopped if a process is left, after everything
        else is stopped.
        """
