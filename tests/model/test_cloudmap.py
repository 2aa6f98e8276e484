"""After any registrations, reports and deregistrations, every way to ask Cloud Map gives the same answer."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.api.cloudmap.client import CloudMapClient

SERVICES = ("told", "plain")
INSTANCES = st.sampled_from("abcd")


class Registry(RuleBasedStateMachine):
    """Two services, one of them with custom health, and the answers that a client has to expect of them."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud_map = CloudMapClient()
        namespace = self.cloud_map.namespace()
        custom: dict[str, dict[str, object]] = {"told": {"HealthCheckCustomConfig": {}}, "plain": {}}
        self.ids = {name: self.cloud_map.service(namespace, name, **custom[name]) for name in SERVICES}
        self.expected: dict[str, dict[str, Any]] = {name: {} for name in SERVICES}
        self.changes = dict.fromkeys(SERVICES, 0)

    @rule(name=st.sampled_from(SERVICES), instance=INSTANCES, zone=st.sampled_from("xy"))
    def register(self, name, instance, zone):
        self.cloud_map.run_operation(
            "RegisterInstance", ServiceId=self.ids[name], InstanceId=instance, Attributes={"zone": zone}
        )
        self.expected[name][instance] = (zone, "HEALTHY" if name == "told" else "UNKNOWN")
        self.changes[name] += 1

    @rule(name=st.sampled_from(SERVICES), instance=INSTANCES)
    def deregister(self, name, instance):
        failure = self.cloud_map.failure("DeregisterInstance", ServiceId=self.ids[name], InstanceId=instance)
        self.cloud_map.settle()
        if instance not in self.expected[name]:
            assert failure is not None
            assert failure.code == "InstanceNotFound"
            return
        assert failure is None
        del self.expected[name][instance]
        self.changes[name] += 1

    @rule(name=st.sampled_from(SERVICES), instance=INSTANCES, status=st.sampled_from(["HEALTHY", "UNHEALTHY"]))
    def update_health(self, name, instance, status):
        params = {"ServiceId": self.ids[name], "InstanceId": instance, "Status": status}
        failure = self.cloud_map.failure("UpdateInstanceCustomHealthStatus", **params)
        if name == "told" and instance in self.expected[name]:
            assert failure is None
            self.expected[name][instance] = (self.expected[name][instance][0], status)
            return
        assert failure is not None
        wanted = "CustomHealthNotFound" if instance in self.expected[name] else "InstanceNotFound"
        assert failure.code == wanted

    @invariant()
    def everybody_agrees(self):
        for name in SERVICES:
            expected, service = self.expected[name], self.ids[name]
            found = self._discover(name, "ALL")
            assert {key: (one["Attributes"]["zone"], one["HealthStatus"]) for key, one in found.items()} == expected
            instances = self.cloud_map.call("ListInstances", ServiceId=service)["Instances"]
            assert {one["Id"]: one["Attributes"]["zone"] for one in instances} == {
                k: z for k, (z, _) in expected.items()
            }
            health = self.cloud_map.call("GetInstancesHealthStatus", ServiceId=service)["Status"]
            assert health == {key: told for key, (_, told) in expected.items()}
            assert self.cloud_map.call("GetService", Id=service)["Service"]["InstanceCount"] == len(expected)

    @invariant()
    def health_chooses_as_it_is_documented(self):
        for name in SERVICES:
            expected = self.expected[name]
            well = {key for key, (_, told) in expected.items() if told != "UNHEALTHY"}
            sick = set(expected) - well
            plain = name == "plain"
            assert set(self._discover(name, "HEALTHY")) == (set(expected) if plain else well)
            assert set(self._discover(name, "UNHEALTHY")) == (set(expected) if plain else sick)
            assert set(self._discover(name, "HEALTHY_OR_ELSE_ALL")) == (well or set(expected))
            narrowed = self._discover(name, "ALL", OptionalParameters={"zone": "x"})
            in_zone = {key for key, (zone, _) in expected.items() if zone == "x"}
            assert set(narrowed) == (in_zone or set(expected))

    @invariant()
    def the_revision_counts_registrations_alone(self):
        for name in SERVICES:
            answer = self.cloud_map.call("DiscoverInstancesRevision", NamespaceName="shop", ServiceName=name)
            assert answer["InstancesRevision"] == self.changes[name]

    def _discover(self, name, health, **params):
        response = self.cloud_map.call(
            "DiscoverInstances", NamespaceName="shop", ServiceName=name, HealthStatus=health, **params
        )
        return {instance["InstanceId"]: instance for instance in response["Instances"]}


Registry.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
test_registry = Registry.TestCase
