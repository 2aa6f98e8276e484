"""The loop that reads the output of front proxies and writes the logs of load balancers.

Promise: every request that a front proxy has logged is written once, even if the control plane is killed. While no
control plane runs, the container monitor keeps the newest entries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NoReturn

from moyai.domain.elb.front import FRONT_NAME, front_sandbox, front_workload
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.log_attributes import has_logs
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import Output, RuntimeFault, TaskRuntime
from moyai.ports.store import Store
from moyai.telemetry.front_logs.entries import Entry, read_entry
from moyai.telemetry.front_logs.files import LogFiles, PlacedLine
from moyai.telemetry.front_logs.lines import line_of

_INTERVAL: Final = Seconds(1.0)
_LAST_ENTRIES: Final = 60.0
"""Seconds for which a front proxy's output is still read after its last log was switched off."""
_MOST_READS: Final = 16
"""The most reads of one front proxy in a turn, about 1 MiB each, so that a busy proxy doesn't delay the others."""
_STDOUT: Final = "stdout"
_log = logging.getLogger(__name__)

_Certificates = Mapping[str, Sequence[tuple[str, frozenset[str]]]]
"""The certificates of each listener with the names in them; the default one is first."""


class FrontLogCollector:
    """Reads the output of the front proxies in VPCs with load balancers that have logs. ``run`` it once."""

    def __init__(self, store: Store, runtime: TaskRuntime, files: LogFiles, clock: Clock) -> None:
        self._store, self._runtime, self._files, self._clock = store, runtime, files, clock
        self._last_logged: dict[VpcId, Instant] = {}

    async def run(self) -> NoReturn:
        """Collect until cancelled."""
        is_failing = False
        while True:
            try:
                await self.collect()
                is_failing = False
            except (OSError, RuntimeFault) as fault:
                if not is_failing:
                    _log.warning("the logs of load balancers can't be written now: %s", fault)
                is_failing = True
            await self._clock.sleep(_INTERVAL)

    async def collect(self) -> None:
        """Write all current entries. Raises OSError and RuntimeFault, after the front proxies of all VPCs were read."""
        now, world = self._clock.now(), self._store.world
        logged = [balancer for balancer in world.load_balancers if has_logs(balancer)]
        self._last_logged |= dict.fromkeys((balancer.vpc for balancer in logged), now)
        self._last_logged = {vpc: at for vpc, at in self._last_logged.items() if now - at <= _LAST_ENTRIES}
        certificates = dict(_certificates(world, logged)) if self._last_logged else {}
        faults: list[OSError | RuntimeFault] = []
        for vpc in self._last_logged:
            try:
                await self._collect_from(vpc, certificates)
            except (OSError, RuntimeFault) as fault:
                faults.append(fault)
        await asyncio.to_thread(self._files.close_due, now)
        if faults:
            raise faults[0]

    async def _collect_from(self, vpc: VpcId, certificates: _Certificates) -> None:
        for _ in range(_MOST_READS):
            after = self._files.positions.get(front_workload(vpc), 0)
            output = await self._runtime.output(front_sandbox(vpc), FRONT_NAME, after)
            if output.position <= after:
                return
            await asyncio.to_thread(self._write, vpc, output, certificates)

    def _write(self, vpc: VpcId, output: Output, certificates: _Certificates) -> None:
        lines = (line for line in output.lines if line.stream == _STDOUT)
        entries = (entry for line in lines if (entry := read_entry(line.text)) is not None)
        self._files.append(front_workload(vpc), output.position, (_line(entry, certificates) for entry in entries))


def _line(entry: Entry, certificates: _Certificates) -> PlacedLine:
    of_listener = certificates.get(entry.listener, ())
    certificate = None if entry.tls is None else _certificate_for(of_listener, entry.sni or "")
    return PlacedLine(entry.place, Instant(float(entry.emitted)), line_of(entry, certificate))


def _certificates(
    world: World, balancers: Iterable[LoadBalancer]
) -> Iterator[tuple[str, tuple[tuple[str, frozenset[str]], ...]]]:
    for balancer in balancers:
        for listener in world.listeners.by("load_balancer", balancer.arn):
            records = (world.managed_certificates.get(arn) for arn in listener.certificates)
            yield listener.arn, tuple((record.arn, frozenset(record.names)) for record in records if record is not None)


def _certificate_for(certificates: Sequence[tuple[str, frozenset[str]]], sni: str) -> str | None:
    """The certificate that Envoy presents: the first with this name, else the first with its wildcard, else the
    default.
    """
    wildcard = f"*.{sni.partition('.')[2]}"
    matching_arns = (arn for name in (sni, wildcard) for arn, names in certificates if name in names)
    return next(matching_arns, certificates[0][0] if certificates else None)
