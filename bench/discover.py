"""How soon a change of Cloud Map is seen, and what looking costs, with 1,000 and with 50,000 instances of one service.

Run by `make bench`, or by hand: `.venv/bin/python bench/discover.py`. The store is on disk, and the loop that does the
operations runs; a change is timed from the moment that its call is durable, which is when its answer would leave, to
the first GetInstance that shows it. Requests a second through the gateway, signatures and all: `bench/api.py`.
No number here is a test.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from moyai.api.cloudmap.service import cloudmap
from moyai.api.operation import ApiOperation, Context
from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.domain.cloudmap.errors import InstanceNotFound
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.world import Put
from moyai.kernel.ids import InstanceId
from moyai.reconcile.operations import OperationLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.sqlite import SqliteStore
from moyai.testing.world import SCOPE, Builder
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

SIZES: Final = (1_000, 50_000)
CHANGES: Final = 200
LOOKS: Final = 300
PLENTY: Final = CloudMapQuotas(instances_per_service=10**6, instances_per_namespace=10**6)


class Place:
    """A service with this many instances, and the calls of its API."""

    def __init__(self, folder: Path, size: int) -> None:
        self._clock, self._ids = SystemClock(), SystemIds()
        self.store = SqliteStore.open(folder / f"{size}.db", self._ids, self._clock.now())
        self._operations = cloudmap(PLENTY).operations
        namespace = Builder(self.store, ids=self._ids).namespace("bench")
        made: Any = self.call("CreateService", name="web", namespace_id=namespace)
        [service] = self.store.world.discovery_services
        self.id = made["service"]["id"]
        self.store.apply([Put(self._instance(service, number)) for number in range(size)])
        ports = ReconcilerPorts(self.store, SimRuntime(self._clock), Feed(BootstrapSettings()), self._clock, self._ids)
        self.operations = OperationLoop(ports)

    def _instance(self, service: DiscoveryService, number: int) -> DiscoveryInstance:
        attributes = {"AWS_INSTANCE_IPV4": f"10.0.{number >> 8 & 255}.{number & 255}", "n": str(number)}
        return DiscoveryInstance(service.arn, InstanceId(f"i{number}"), attributes, self._clock.now())

    def call(self, name: str, /, **members: object) -> object:
        """A call behind the gateway's checks."""
        operation: ApiOperation[Any] = self._operations[name]
        context = Context(SCOPE, self._clock.now(), self._ids, self.store, "", "", "r")
        return operation.handle(context, operation.request(**members))

    def there(self, instance: str) -> bool:
        """Whether the instance can be found."""
        try:
            self.call("GetInstance", service_id=self.id, instance_id=instance)
        except InstanceNotFound:
            return False
        return True

    def look(self, **members: object) -> Any:  # noqa: ANN401 (an answer)
        """DiscoverInstances."""
        return self.call("DiscoverInstances", namespace_name="bench", service_name="web", **members)


async def changes(place: Place) -> list[float]:
    """Seconds from a registration's acknowledgement until it is seen, for each."""
    waits = []
    for number in range(CHANGES):
        mark = {"instance_id": f"new{number}", "attributes": {"mark": str(number)}}
        place.call("RegisterInstance", service_id=place.id, **mark)
        await place.store.durable()
        started_at = time.perf_counter()
        while not place.there(f"new{number}"):  # noqa: ASYNC110 (what is measured is the looking)
            await asyncio.sleep(0)
        waits.append(time.perf_counter() - started_at)
        place.call("DeregisterInstance", service_id=place.id, instance_id=f"new{number}")
        await place.store.durable()
    return waits


def each(work: Callable[[], object]) -> float:
    """The median of the seconds that it takes."""
    durations = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        work()
        durations.append(time.perf_counter() - begun)
    return median(durations)


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            place = Place(Path(folder), size)
            working = asyncio.create_task(place.operations.run())
            await place.store.durable()
            waits = sorted(await changes(place))
            look = each(lambda place=place: place.look(max_results=10))  # type: ignore[misc]
            print(
                f"{size:>6} instances: a change is seen after {median(waits) * 1e3:.2f} ms,"
                f" 99 % after {waits[int(len(waits) * 0.99) - 1] * 1e3:.2f} ms; a look takes {look * 1e6:.0f} µs"
            )
            working.cancel()
            await place.store.close()


if __name__ == "__main__":
    asyncio.run(main())
