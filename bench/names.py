"""How fast names are answered, beside name servers from Debian: queries a second, and the wait at 10,000 of them.

Run by `make bench`, or by hand: `.venv/bin/python bench/names.py [SECONDS]`. Needs Debian's packages dnsperf, nsd and
unbound; a peer that isn't there is left out. All serve the same zone on this machine, one after the other, in turns, so
that what else the machine does falls on all of them alike. No number here is a test.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import dns.message
import dns.query
from rig.report import show

from moyai.app.adapters.name_servers import NameServers
from moyai.app.clock import SystemClock
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import (
    INSTANCE_IPV4,
    DiscoveryInstance,
    DiscoveryService,
    DnsConfig,
    DnsRecord,
    RecordType,
)
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId, InstanceId, NamespaceArn, NamespaceId
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore

ZONE: Final = "shop.local"
SERVICES: Final = 200
INSTANCES: Final = 4
ROUNDS: Final = 3
CALM: Final = 10_000
HOST: Final = "127.0.0.1"
PORTS: Final[Mapping[str, int]] = MappingProxyType({"moyai": 18653, "nsd": 18654, "unbound": 18655})
BORN: Final = Instant(1.0)
SBIN: Final = "/usr/sbin"


def world(services: int, instances: int) -> Iterator[StoredRecord]:
    """That many services with that many instances each, in one private namespace."""
    start = "arn:aws:servicediscovery:us-east-1:123456789012"
    namespace = NamespaceArn(f"{start}:namespace/ns-1")
    yield Namespace(namespace, NamespaceId("ns-1"), ZONE, NamespaceType.DNS_PRIVATE, BORN)
    records = DnsConfig((DnsRecord(RecordType.A, 60),))
    for s in range(services):
        arn = DiscoveryServiceArn(f"{start}:service/srv-{s}")
        yield DiscoveryService(arn, DiscoveryServiceId(f"srv-{s}"), f"s{s}", namespace, BORN, dns=records)
        yield from (instance(arn, s * instances + i) for i in range(instances))


def instance(service: DiscoveryServiceArn, number: int) -> DiscoveryInstance:
    """The instance of this number, which has its address from it."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return DiscoveryInstance(service, InstanceId(f"i-{number}"), {INSTANCE_IPV4: address}, BORN)


def serve(port: int, ready: multiprocessing.synchronize.Event) -> None:
    """The resolver of moyai, as the process of its control plane runs it."""

    async def forever() -> None:
        store = MemoryStore(world(SERVICES, INSTANCES))
        names = NameServers(store, SimRuntime(SystemClock()), port, ())
        running = asyncio.create_task(names.run())
        while not await asyncio.to_thread(answers, port):  # noqa: ASYNC110 (nothing else tells)
            await asyncio.sleep(0.05)
        ready.set()
        await running

    asyncio.run(forever())


def answers(port: int) -> bool:
    """Whether the zone is answered there."""
    with contextlib.suppress(OSError, dns.exception.DNSException):
        found = dns.query.udp(dns.message.make_query(f"s1.{ZONE}", "A"), HOST, port=port, timeout=0.2)
        return len(found.answer) == 1
    return False


@contextlib.contextmanager
def moyai(_: Path) -> Iterator[None]:
    """Ours, in a process of its own."""
    ready = multiprocessing.Event()
    process = multiprocessing.Process(target=serve, args=(PORTS["moyai"], ready))
    process.start()
    try:
        ready.wait(20)
        yield
    finally:
        process.kill()
        process.join()


def zone_file() -> str:
    """The same names and values, as a zone file."""
    lines = [f"$ORIGIN {ZONE}.", "$TTL 60", "@ IN SOA @ nobody.invalid. 1 7200 900 1209600 15", "@ IN NS @"]
    for number in range(SERVICES * INSTANCES):
        address = instance(DiscoveryServiceArn(""), number).attributes[INSTANCE_IPV4]
        lines.append(f"s{number // INSTANCES} IN A {address}")
    return "\n".join((*lines, ""))


@contextlib.contextmanager
def nsd(directory: Path) -> Iterator[None]:
    """NSD with one server process."""
    (directory / "zone").write_text(zone_file())
    (directory / "nsd.conf").write_text(f"""\
server:
  ip-address: {HOST}@{PORTS["nsd"]}
  username: ""
  server-count: 1
  zonesdir: {directory}
  pidfile: {directory}/nsd.pid
  xfrdfile: {directory}/xfrd.state
  zonelistfile: {directory}/zone.list
  cookie-secret-file: {directory}/cookies
  verbosity: 0
remote-control:
  control-enable: no
zone:
  name: {ZONE}
  zonefile: zone
""")
    with child(f"{SBIN}/nsd", "-d", "-c", str(directory / "nsd.conf"), port=PORTS["nsd"]):
        yield


@contextlib.contextmanager
def unbound(directory: Path) -> Iterator[None]:
    """Unbound with one thread and the zone as its own."""
    (directory / "zone").write_text(zone_file())
    (directory / "unbound.conf").write_text(f"""\
server:
  interface: {HOST}@{PORTS["unbound"]}
  do-daemonize: no
  num-threads: 1
  username: ""
  chroot: ""
  directory: {directory}
  pidfile: {directory}/unbound.pid
  use-syslog: no
  verbosity: 0
auth-zone:
  name: {ZONE}
  zonefile: zone
  for-upstream: no
""")
    with child(f"{SBIN}/unbound", "-d", "-c", str(directory / "unbound.conf"), port=PORTS["unbound"]):
        yield


@contextlib.contextmanager
def child(*command: str, port: int) -> Iterator[None]:
    """A server that runs until the block ends; it begins when the zone is answered."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        for _ in range(100):
            if answers(port):
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def load(port: int, queries: Path, seconds: float, rate: int = 0) -> tuple[float, float]:
    """Queries a second that were answered, and the 99th percentile of the waiting in milliseconds (with ``rate``)."""
    limit = ("-Q", str(rate), "-O", "latency-histogram") if rate else ()
    command = ("dnsperf", "-s", HOST, "-p", str(port), "-d", str(queries), "-l", str(seconds), "-c", "8", "-q", "64")
    said = subprocess.run((*command, *limit), capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = re.search(r"Queries per second:\s+([\d.]+)", said)
    return float(found[1]) if found else 0.0, _percentile(said)


def _percentile(said: str) -> float:
    """The 99th percentile from dnsperf's histogram, where it printed one."""
    rows = [(float(row[1]), int(row[2])) for row in re.finditer(r"^\s*[\d.]+ - ([\d.]+):\s+(\d+)", said, re.MULTILINE)]
    seen, total = 0, sum(count for _, count in rows)
    for upper, count in rows:
        seen += count
        if seen >= 0.99 * total:
            return upper * 1000
    return float("nan")


def throughput(seconds: float) -> None:
    """All servers in turns."""
    peers = [moyai, *(peer for peer in (nsd, unbound) if shutil.which(f"{SBIN}/{peer.__name__}"))]
    measured: dict[str, list[float]] = {peer.__name__: [] for peer in peers}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        queries = Path(name, "queries")
        queries.write_text("".join(f"s{number}.{ZONE} A\n" for number in range(SERVICES)))
        for peer in peers:
            directory = Path(name, peer.__name__)
            directory.mkdir()
            running.enter_context(peer(directory))
        for _ in range(ROUNDS):
            for server, rates in measured.items():
                rates.append(load(PORTS[server], queries, seconds)[0])
        waits = {server: [load(PORTS[server], queries, seconds, rate=CALM)[1]] for server in measured}
    show("names of one zone", "queries/s", measured, "nsd" if "nsd" in measured else None)
    show(f"p99 at {CALM:,} queries a second", "ms", waits, "nsd" if "nsd" in waits else None)


def main(arguments: Sequence[str]) -> None:
    """Measure all."""
    if shutil.which("dnsperf") is None:
        print("dnsperf isn't installed: apt-get install dnsperf nsd unbound")
    else:
        throughput(float(arguments[0]) if arguments else 3.0)


if __name__ == "__main__":
    main(sys.argv[1:])
