"""What a place that runs tasks must be able to do.

Promise: the planner has decided everything; a runtime only makes it so and says what it sees. Every
verb is idempotent: told twice, it does nothing the second time. ``observe`` reads the world as it
is (processes, exit files), never what was told before, so a control plane that was killed at any
point finds its tasks again. Peers: ``runtime/linux``, ``runtime/sim`` (later ``runtime/docker``);
one contract suite for all of them.

Errors:

    RuntimeFault                    the container or sandbox can't be had; ``reason`` is AWS's wording
    ├── ImageNotFound               CannotPullContainerError
    ├── CannotCreate                CannotCreateContainerError
    ├── CannotStart                 CannotStartContainerError
    ├── SandboxFailed               ResourceInitializationError
    ├── NotRunning                  ContainerRuntimeError
    └── NotStopped                  ContainerRuntimeTimeoutError

Source of the wording: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from socket import socket
from typing import ClassVar, NamedTuple, Protocol

import msgspec

from moyai.domain.ecs import metadata
from moyai.domain.sandbox.fabric import Fabric
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.spec import ContainerSpec, HostName, ProxySpec, PublishedPort, SandboxSpec
from moyai.domain.sandbox.state import LogLine, NetworkUsage, SandboxState, Usage
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.sessions import Execution, Session

METADATA_ADDRESS = metadata.ADDRESS
"""Where a task finds its metadata, as on AWS."""


class Transport(StrEnum):
    """What a socket speaks."""

    TCP = "tcp"
    UDP = "udp"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a socket is reached: an IPv4 address of the VPC's router, and a port."""

    address: str
    port: int
    transport: Transport = Transport.TCP


class RuntimeFault(MoyaiError):
    """The runtime can't do what it was told; ``str(error)`` is the ``stoppedReason`` to show."""

    category: ClassVar[str] = "ContainerRuntimeError"

    @property
    def reason(self) -> str:
        """The text that goes into ``stoppedReason`` and the container's ``reason``."""
        return f"{self.category}: {self}"


class ImageNotFound(RuntimeFault):
    """There is no such image here; the message says how to add one."""

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


class NotRunning(RuntimeFault):
    """A command can be executed only in a container that runs."""


class NotStopped(RuntimeFault):
    """Processes are still there although they were killed; the message names them and says why."""

    category = "ContainerRuntimeTimeoutError"


class Output(NamedTuple):
    """Lines of a container, and the position behind them."""

    lines: Sequence[LogLine]
    position: int


class TaskRuntime(Protocol):
    """Runs tasks. See the module's promise; every method may raise RuntimeFault."""

    async def prepare(self, sandbox: SandboxSpec) -> None:
        """Make the sandbox: namespace, address, names, interception, limits."""

    async def start(self, container: ContainerSpec) -> None:
        """Start one container in its task's sandbox. One that ran before is started again, with what it wrote to its
        file system (but where its writable layer is kept in memory: that begins anew), only when it has ended and
        ``attempt`` is a later one; otherwise this does nothing.
        """

    async def start_proxy(self, proxy: ProxySpec) -> None:
        """Start the task's Envoy. It shows up in ``observe`` under its name, HEALTHY when Envoy is live."""

    async def name(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        """Make these the names that the task's containers find, and those it was told before and not now none. Whoever
        reads the hosts file meanwhile finds it whole; what the containers themselves wrote into it stays.
        """

    async def stop(self, task: TaskId, container: str) -> None:
        """Begin to stop a container: SIGTERM now, SIGKILL for the whole tree after its stop timeout.

        Returns at once; the end is seen by ``observe``.
        """

    async def release(self, task: TaskId) -> None:
        """Kill what is left of the task and remove namespace, mounts, cgroups and files (not the logs).

        Raises NotStopped when a process doesn't end; then everything is left as it is, for another time.
        """

    async def publish(self, ports: Sequence[PublishedPort]) -> None:
        """Make exactly these public addresses answer; others stop answering."""

    async def shape(self, fabric: Fabric) -> None:
        """Make the networks exactly so. A task that is in no fabric neither sends to other tasks nor hears of them, so
        a fabric that has a task comes before its sandbox. Told the same again, links, routes and processes that broke
        meanwhile are mended.
        """

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        """Everything there is."""

    async def inspect(self, task: TaskId) -> SandboxState | None:
        """One sandbox, or None when there is none."""

    def changes(self) -> AsyncIterator[TaskId]:
        """Tasks in which something changed; an empty id when it belongs to no task. May repeat itself and may miss: it
        is only a doorbell.
        """

    async def turn_away(self, task: TaskId, ports: Sequence[int]) -> None:
        """From now on nobody outside the task opens a connection to these of its TCP ports. What is open stays."""

    async def in_flight(self, task: TaskId) -> int | None:
        """Requests and connections that the task's proxy is serving inbound, or that wait for it; None when it has
        no proxy or it doesn't answer.
        """

    async def listening(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        """Those of the expected listeners that are there: one of the ports accepts traffic at one of the addresses.
        None of the task's applications notices. Nothing is there in a task without a sandbox. For some seconds from
        then on ``changes`` tells when the answer would be another one.
        """

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        """What each running container has used."""

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        """What has gone through the network that the task has for itself; None when it has none, or doesn't run."""

    def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """A container's output, oldest line first; with ``follow`` until it has ended."""

    async def execute(self, execution: Execution) -> Session:
        """Start a command inside a running container. Raises NotRunning, and CannotStart with the reason."""

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        """The container's whole lines behind a position (0: from the beginning), about a mebibyte of them. Lines that
        are not held any more are passed over. A position stays what it is when the container or the control plane is
        started again.
        """

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:
        """A socket that waits (TCP: listens) where only the tasks of this VPC reach it; None where there is no
        network. Peers show up with their own address.
        """

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        """Release every sandbox that isn't in ``keep``: what a crash left half-made. Raises what ``release`` does, once
        the others are gone.
        """

    async def close(self) -> None:
        """Let go of everything without stopping a task."""

    async def destroy(self) -> None:
        """Stop and remove everything this installation ever made. Raises NotStopped when a process is left of it; what
        else can be stopped is stopped all the same.
        """
