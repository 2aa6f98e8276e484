"""The DNS servers: one in each VPC that has tasks, and one for this machine.

In a VPC the server has the same addresses as on AWS: the base of the VPC's range plus two, and 169.254.169.253. On
this machine it has a port of the loopback and resolves the names of every namespace, private ones included. When that
port is in use the machine has no DNS server; those of the VPCs do not depend on it.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from ipaddress import IPv4Network
from pathlib import Path

from moyai.dns.addresses import AddressZone, address_zones
from moyai.dns.forward import PORT, Upstream
from moyai.dns.index import Zones
from moyai.dns.resolver import Resolver
from moyai.dns.server import Admits, DatagramServer, StreamServer, within
from moyai.domain.queries.vpc import vpc_and_subnet_of
from moyai.domain.vpc.default import resolver_address
from moyai.domain.vpc.vpc import Vpc
from moyai.kernel.addresses import is_ip_address
from moyai.kernel.ids import HostedZoneId, TaskArn, VpcId
from moyai.ports.runtime import Endpoint, RuntimeFault, TaskRuntime, Transport
from moyai.ports.store import Key, Store

LINK_LOCAL = "169.254.169.253"
"""The server's address in every VPC."""
HOST = "127.0.0.1"
_LOOPBACK = IPv4Network("127.0.0.0/8")
_STUB = "127.0.0.53"
_RESOLV_CONF = Path("/etc/resolv.conf")
_BEHIND_STUB = Path("/run/systemd/resolve/resolv.conf")
_log = logging.getLogger(__name__)


class NameServers:
    """All DNS servers of one control plane. ``port`` is the machine's; 0 takes a free one."""

    def __init__(self, store: Store, runtime: TaskRuntime, port: int, upstream: Sequence[str]) -> None:
        self._store = store
        self._runtime = runtime
        self._port = port
        self._upstream = Upstream([a for a in upstream if (a, PORT) != (HOST, port)], secrets.randbelow)
        self._zones = Zones(store.world, secrets.randbelow)
        self._servers: dict[VpcId | None, list[DatagramServer | StreamServer]] = {}
        """By VPC; the machine's under None."""
        self._networks: dict[VpcId, list[IPv4Network]] = {}
        """The ranges of each VPC that has servers."""
        self._domains: dict[VpcId, str] = {}
        self.host_port: int | None = None
        """The port of the machine's server; None if it has none."""

    async def run(self) -> None:
        """Follow the store until cancelled. The zones are built anew: a new watch begins with all records."""
        self._zones = Zones(self._store.world, secrets.randbelow)
        watch = self._store.watch()
        self._zones.refresh(keys := await anext(watch))
        await self._serve_host()
        await self._serve_vpcs(keys)
        async for keys in watch:
            self._zones.refresh(keys)
            await self._serve_vpcs(keys)

    def served_version(self, zone: HostedZoneId) -> int | None:
        """The version of a hosted zone from which queries are answered; None if the zone is not served."""
        return self._zones.served_version(zone)

    async def close(self) -> None:
        """Close all servers, so that no socket keeps a VPC's network alive."""
        for vpc in tuple(self._servers):
            await self._close(vpc)

    async def _serve_host(self) -> None:
        try:
            stream, datagrams = _host_sockets(self._port)
        except OSError as error:
            _log.warning("this machine can't ask for names at %s:%d: %s", HOST, self._port, error.strerror)
            return
        await self._serve(None, within((_LOOPBACK,)), stream, datagrams)
        self.host_port = stream.getsockname()[1]

    async def _serve_vpcs(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if key.table == "vpc" and key.key in self._networks:
                await self._follow_vpc(VpcId(key.key))
            task = self._store.world.tasks.get(TaskArn(key.key)) if key.table == "task" else None
            if task is not None and not task.stopped and task.interface.vpc not in self._servers:
                vpc, _ = vpc_and_subnet_of(self._store.world, task)
                await self._serve_vpc(vpc, task.interface.private_dns_name.partition(".")[2])

    async def _serve_vpc(self, vpc: Vpc, domain: str) -> None:
        try:
            sockets = await self._vpc_sockets(vpc)
        except RuntimeFault:  # the VPC's tasks go on, and its next task tries again
            _log.exception("no DNS server in %s", vpc.id)
            return
        self._servers[vpc.id] = []
        networks = self._networks[vpc.id] = [IPv4Network(cidr) for cidr in vpc.cidrs]
        self._domains[vpc.id] = domain
        for names in address_zones(vpc.id, networks, domain):
            self._zones.add(names)
        for stream, datagrams in sockets:
            await self._serve(vpc.id, within(networks), stream, datagrams)

    async def _follow_vpc(self, identity: VpcId) -> None:
        """Close the servers of a VPC that is gone, or answer for the ranges that it has now."""
        vpc = self._store.world.vpcs.get(identity)
        if vpc is None:
            await self._close(identity)
            return
        networks, present = self._networks[identity], [IPv4Network(cidr) for cidr in vpc.cidrs]
        for network in present:
            if network not in networks:
                self._zones.add(AddressZone(identity, networks, self._domains[identity], network))
        networks[:] = present

    async def _vpc_sockets(self, vpc: Vpc) -> list[tuple[socket.socket, socket.socket]]:
        """TCP and UDP sockets at each of the VPC's addresses; none if it has no network. Raises RuntimeFault, and
        then leaves no socket open.
        """
        with ExitStack() as undo:
            pairs: list[tuple[socket.socket, socket.socket]] = []
            for address in (str(resolver_address(IPv4Network(vpc.cidr))), LINK_LOCAL):
                ends = [Endpoint(address, PORT, transport) for transport in (Transport.TCP, Transport.UDP)]
                sockets = [await self._runtime.listen(vpc.id, vpc.cidr, end) for end in ends]
                opened = [undo.enter_context(sock) for sock in sockets if sock is not None]
                pairs += zip(opened[::2], opened[1::2], strict=True)
            undo.pop_all()
        return pairs

    async def _serve(self, vpc: VpcId | None, admits: Admits, stream: socket.socket, datagrams: socket.socket) -> None:
        """Serve on a pair of sockets."""
        for_stream, for_datagrams = (
            Resolver(self._zones, vpc, self._upstream, stream=long_answers) for long_answers in (True, False)
        )
        servers = self._servers.setdefault(vpc, [])
        servers.append(await StreamServer.open(stream, for_stream, admits))
        servers.append(DatagramServer(datagrams, for_datagrams, admits))

    async def _close(self, vpc: VpcId | None) -> None:
        if vpc is None:
            self.host_port = None
        else:
            del self._networks[vpc], self._domains[vpc]
        for server in self._servers.pop(vpc):
            await server.close()


def host_resolvers() -> Sequence[str]:
    """The name servers of this machine. If that is systemd-resolved's stub, the servers behind it: the stub may
    forward to us, which would be a loop.
    """
    servers = _nameservers(_RESOLV_CONF)
    return _nameservers(_BEHIND_STUB) or servers if list(servers) == [_STUB] else servers


def _nameservers(file: Path) -> Sequence[str]:
    """The addresses in a file like resolv.conf(5). dnspython's reader of it would import much more of dnspython."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:  # none is configured
        return ()
    words = [line.split() for line in lines]
    return [line[1] for line in words if line[:1] == ["nameserver"] and len(line) > 1 and is_ip_address(line[1])]


def _host_sockets(port: int) -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets on the same port of the loopback. Raises OSError, and then leaves no socket open."""
    with ExitStack() as undo:
        stream = undo.enter_context(socket.create_server((HOST, port)))
        datagrams = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind((HOST, stream.getsockname()[1]))
        for sock in (stream, datagrams):
            sock.setblocking(False)  # noqa: FBT003
        undo.pop_all()
    return stream, datagrams
