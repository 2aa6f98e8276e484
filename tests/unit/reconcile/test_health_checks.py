"""The loop that checks health, with endpoints whose answers the tests set."""

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


class CheckedService:
    """A service whose instances are checked, and the loop that checks them."""

    def __init__(self) -> None:
        self.clock, self.cloud_map, self.endpoints = ManualClock(), CloudMapClient(), Endpoints()
        check = {"Type": "TCP", "FailureThreshold": 2}
        self.service = self.cloud_map.service(self.cloud_map.namespace(), HealthCheckConfig=check)
        self.checker = HealthChecker(self.cloud_map.store, self.clock, self.endpoints, CheckSettings(Seconds(INTERVAL)))

    def register(self, instance, address="127.0.0.1"):
        self.cloud_map.now = self.clock.now()
        attributes = {"AWS_INSTANCE_IPV4": address, "AWS_INSTANCE_PORT": "80"}
        self.cloud_map.run_operation(
            "RegisterInstance", ServiceId=self.service, InstanceId=instance, Attributes=attributes
        )

    @property
    def health(self):
        return self.cloud_map.call("GetInstancesHealthStatus", ServiceId=self.service)["Status"]


@pytest.fixture
async def checked_service():
    new_checked_service = CheckedService()
    running = asyncio.create_task(new_checked_service.checker.run())
    await new_checked_service.clock.settle()
    yield new_checked_service
    running.cancel()


async def test_health_follows_the_endpoint_by_the_threshold(checked_service):
    checked_service.endpoints.well.add("127.0.0.1")
    checked_service.register("i")
    await checked_service.clock.settle()
    assert (checked_service.endpoints.asked, checked_service.health) == (["127.0.0.1"], {"i": "UNKNOWN"})
    await checked_service.clock.advance(INTERVAL)
    assert checked_service.health == {"i": "HEALTHY"}
    checked_service.endpoints.well.clear()
    await checked_service.clock.advance(INTERVAL)
    assert checked_service.health == {"i": "HEALTHY"}
    await checked_service.clock.advance(INTERVAL)
    assert checked_service.health == {"i": "UNHEALTHY"}
    assert len(checked_service.endpoints.asked) == 4


async def test_a_deregistered_instance_is_not_checked(checked_service):
    checked_service.register("i")
    await checked_service.clock.settle()
    checked_service.cloud_map.run_operation("DeregisterInstance", ServiceId=checked_service.service, InstanceId="i")
    await checked_service.clock.advance(INTERVAL * 3)
    assert len(checked_service.endpoints.asked) == 1


async def test_a_new_registration_resets_the_count(checked_service):
    checked_service.register("i")
    await checked_service.clock.advance(1)
    checked_service.register("i", "127.0.0.2")
    await checked_service.clock.advance(1)
    assert checked_service.endpoints.asked == ["127.0.0.1", "127.0.0.2"]
    assert checked_service.health == {"i": "UNKNOWN"}


async def test_a_late_result_is_ignored(checked_service):
    checked_service.endpoints.slow.clear()
    checked_service.register("i")
    await checked_service.clock.settle()
    checked_service.cloud_map.run_operation("DeregisterInstance", ServiceId=checked_service.service, InstanceId="i")
    checked_service.endpoints.slow.set()
    await checked_service.clock.advance(INTERVAL)
    assert checked_service.health == {}


async def test_concurrent_checks_are_limited_to_allowed_addresses(checked_service):
    checked_service.endpoints.slow.clear()
    for n in range(AT_ONCE + 6):
        checked_service.register(f"i{n}")
    checked_service.register("outside", "203.0.113.1")
    await checked_service.clock.settle()
    assert checked_service.endpoints.at_once == AT_ONCE
    checked_service.endpoints.slow.set()
    await checked_service.clock.settle()
    assert len(checked_service.endpoints.asked) == AT_ONCE + 6
    assert "203.0.113.1" not in checked_service.endpoints.asked
