"""How soon DNS and DiscoverInstances show a change once its call was acknowledged.

Run by `make bench`, or by hand: `.venv/bin/python bench/visible.py [CHANGES]`. A whole control plane (`moyai up`,
simulated tasks, its state on disk) has a private DNS namespace with 1,000 instances, then one with 50,000; one more
instance is registered again and again with another address. From the moment that RegisterInstance is answered both
are asked without a pause, each in its turn, until they show the new address. No number here is a test.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, NamedTuple

import dns.message
import dns.rdatatype
from names import ZONE, world
from rig.report import show
from rig.server import server

from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.domain.world import Put
from moyai.store.sqlite import SqliteStore

SIZES: Final = (1_000, 50_000)
CHANGES: Final = 300
GOAL: Final = 10
PORT: Final = 18660
INSTANCES_PER_SERVICE: Final = 50


class Plane:
    """A control plane's API and its resolver, asked without an SDK's own time."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.connect(("127.0.0.1", PORT))
        self._question = dns.message.make_query(f"s0.{ZONE}", "A")

    def call(self, operation: str, **members: object) -> Any:  # noqa: ANN401 (an answer)
        """One call of Cloud Map's API."""
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"Route53AutoNaming_v20170314.{operation}",
        }
        self._http.request("POST", "/", json.dumps(members), headers)
        return json.loads(self._http.getresponse().read())

    def resolved(self) -> set[str]:
        """What DNS says now."""
        self._udp.send(self._question.to_wire())
        answer = dns.message.from_wire(self._udp.recv(4096)).answer
        return {str(value) for rrset in answer for value in rrset if rrset.rdtype == dns.rdatatype.A}

    def discovered(self) -> set[str]:
        """What DiscoverInstances says now."""
        instances = self.call("DiscoverInstances", NamespaceName=ZONE, ServiceName="s0")["Instances"]
        return {instance["Attributes"]["AWS_INSTANCE_IPV4"] for instance in instances}


class Delays(NamedTuple):
    """Milliseconds from the acknowledgement of each change until it was shown by each of the two."""

    resolved: list[float]
    discovered: list[float]


def change_instance(plane: Plane, count: int) -> Delays:
    """Registers one instance that many times, each time with another address."""
    delays = Delays([], [])
    for number in range(count):
        address = f"10.200.{number >> 8}.{number & 255}"
        request = {"ServiceId": "srv-0", "InstanceId": "one", "Attributes": {"AWS_INSTANCE_IPV4": address}}
        while "OperationId" not in (answer := plane.call("RegisterInstance", **request)):
            if answer["__type"] != "DuplicateRequest":  # the operation before ends in a moment
                sys.exit(str(answer))
        acknowledged = time.perf_counter()
        waiting = {"resolved": plane.resolved, "discovered": plane.discovered}
        while waiting:
            for name, ask in tuple(waiting.items()):
                if address in ask():
                    getattr(delays, name).append(1000 * (time.perf_counter() - acknowledged))
                    del waiting[name]
    return delays


async def save_instances(state: Path, size: int) -> None:
    """Saves a world with that many instances; the service ``s0`` has none of them."""
    store = SqliteStore.open(state / "moyai.db", SystemIds(), SystemClock().now())
    records = world(size // INSTANCES_PER_SERVICE + 1, INSTANCES_PER_SERVICE)
    store.apply([Put(record) for record in records if getattr(record, "service", "").rpartition("/")[2] != "srv-0"])
    await store.close()


def measure(size: int, count: int) -> Iterator[tuple[str, list[float]]]:
    """One control plane with that many instances."""
    options = ("--runtime", "sim", "--dns-port", str(PORT), "--quota", f"instances-per-namespace={2 * size}")
    with server(*options, prepare=lambda state: asyncio.run(save_instances(state, size))) as target:
        delays = change_instance(Plane(target.port), count)
    for name, values in zip(("DNS", "DiscoverInstances"), delays, strict=True):
        yield f"{size} instances, by {name}", values


def main(arguments: list[str]) -> None:
    """Both sizes."""
    count = int(arguments[0]) if arguments else CHANGES
    rows = dict(row for size in SIZES for row in measure(size, count))
    show("from the acknowledgement until it is seen", "ms", rows)
    for name, values in rows.items():
        late = sum(value > GOAL for value in values)
        print(f"{name:44} p99 {sorted(values)[int(0.99 * len(values))]:.2f} ms; later than {GOAL} ms: {late}")


if __name__ == "__main__":
    main(sys.argv[1:])
