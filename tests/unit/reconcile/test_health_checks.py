"""The loop that checks health, with endpoints that answer as they are told."""

from __future__ import annotations

import asyncio

import pytest

from moyai.kernel.clock import Seconds
from moyai.reconcile.health_checks import AT_ONCE, CheckSettings, HealthChecker
from moyai.testing.clock import ManualClock
from tests.unit.api.cloudmap.client import CloudMapClient

INTERVAL = 30.0


class Endpoints:
    """``Probes`` that know who is well; the rest is not."""

    def __init__(self) -> None:
        self.well: set[str] = set()
        self.asked: list[str] = []
        self.slow = asyncio.Event()
        self.slow.set()
        self.at_once = self.most_at_once = 0

    async def passes(self, target):
        self.asked.append(target.address)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        passed = target.address in self.well
        await self.slow.wait()
        self.at_once -= 1
        return passed


class Checked:
    """A service whose instances are checked, and the loop that checks them."""

    def __init__(self) -> None:
        self.clock, self.cloud_map, self.endpoints = ManualClock(), CloudMapClient(), Endpoints()
        check = {"Type": "TCP", "FailureThreshold": 2}
        self.service = self.cloud_map.service(self.cloud_map.namespace(), HealthCheckConfig=check)
        self.checker = HealthChecker(self.cloud_map.store, self.clock, self.endpoints, CheckSettings(Seconds(INTERVAL)))

    def register(self, instance, address="127.0.0.1"):
        self.cloud_map.now = self.clock.now()
        attributes = {"AWS_INSTANCE_IPV4": address, "AWS_INSTANCE_PORT": "80"}
        self.cloud_map.done("RegisterInstance", ServiceId=self.service, InstanceId=instance, Attributes=attributes)

    @property
    def health(self):
        return self.cloud_map.call("GetInstancesHealthStatus", ServiceId=self.service)["Status"]


@pytest.fixture
async def checked():
    made = Checked()
    running = asyncio.create_task(made.checker.run())
    await made.clock.settle()
    yield made
    running.cancel()


async def test_health_follows_the_endpoint_by_the_threshold(checked):
    checked.endpoints.well.add("127.0.0.1")
    checked.register("i")
    await checked.clock.settle()
    assert (checked.endpoints.asked, checked.health) == (["127.0.0.1"], {"i": "UNKNOWN"})
    await checked.clock.advance(INTERVAL)
    assert checked.health == {"i": "HEALTHY"}
    checked.endpoints.well.clear()
    await checked.clock.advance(INTERVAL)
    assert checked.health == {"i": "HEALTHY"}
    await checked.clock.advance(INTERVAL)
    assert checked.health == {"i": "UNHEALTHY"}
    assert len(checked.endpoints.asked) == 4


async def test_a_deregistered_instance_is_not_checked(checked):
    checked.register("i")
    await checked.clock.settle()
    checked.cloud_map.done("DeregisterInstance", ServiceId=checked.service, InstanceId="i")
    await checked.clock.advance(INTERVAL * 3)
    assert len(checked.endpoints.asked) == 1


async def test_a_new_registration_resets_the_count(checked):
    checked.register("i")
    await checked.clock.advance(1)
    checked.register("i", "127.0.0.2")
    await checked.clock.advance(1)
    assert checked.endpoints.asked == ["127.0.0.1", "127.0.0.2"]
    assert checked.health == {"i": "UNKNOWN"}


async def test_a_late_result_is_ignored(checked):
    checked.endpoints.slow.clear()
    checked.register("i")
    await checked.clock.settle()
    checked.cloud_map.done("DeregisterInstance", ServiceId=checked.service, InstanceId="i")
    checked.endpoints.slow.set()
    await checked.clock.advance(INTERVAL)
    assert checked.health == {}


async def test_concurrent_checks_are_limited_to_allowed_addresses(checked):
    checked.endpoints.slow.clear()
    for n in range(AT_ONCE + 6):
        checked.register(f"i{n}")
    checked.register("outside", "203.0.113.1")
    await checked.clock.settle()
    assert checked.endpoints.at_once == AT_ONCE
    checked.endpoints.slow.set()
    await checked.clock.settle()
    assert len(checked.endpoints.asked) == AT_ONCE + 6
    assert "203.0.113.1" not in checked.endpoints.asked
