"""A change of one type of resource leaves what was computed of the other types."""

from __future__ import annotations

from moyai.xds.server.resource import EncodedResource
from moyai.xds.server.subscription import Subscription


def resources(**versions: str) -> dict[str, EncodedResource]:
    return {name: EncodedResource(name, version, b"", memoryview(b"")) for name, version in versions.items()}


def test_nothing_is_due_of_resources_that_were_acknowledged_until_the_subscription_changes():
    wanted, subscription = resources(a="1"), Subscription()
    subscription.open({"a": "1"}, {"a"})
    assert [subscription.due(wanted) for _ in range(2)] == [{}, {}]
    assert [subscription.has_all(wanted) for _ in range(2)] == [True, True]
    subscription.resend("a")
    assert subscription.due(wanted) == {"a": "1"}
    assert not subscription.has_all(wanted)


def test_other_resources_of_the_same_names_are_due():
    subscription = Subscription()
    subscription.open({"a": "1"}, {"a"})
    assert subscription.due(resources(a="1")) == {}
    assert subscription.due(resources(a="2")) == {"a": "2"}
