"""A stream between a server and a proxy, and what may happen to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moyai.xds.server.resource import ResourceType
from moyai.xds.server.stream import AnyStream
from tests.unit.xds.streams import BAD, BY_NAME, snapshot

RESOURCES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", "3", BAD]), max_size=3)


class StreamMachine(RuleBasedStateMachine):
    """Publishes, deliveries in both directions, and cuts."""

    make_proxy: ClassVar[Callable[[], Any]]
    read: ClassVar[Callable[[bytes], Any]]
    """A response."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = type(self).make_proxy()
        self.newest = snapshot()
        self.connect()

    def connect(self) -> None:
        self.stream = self.make_stream()
        self.to_proxy: deque[bytes] = deque()
        self.to_server = deque(self.proxy.first())
        self.to_proxy.extend(self.stream.offer(self.newest))

    @rule(cluster=RESOURCES, endpoint=RESOURCES, listener=RESOURCES, route=RESOURCES)
    def publish(self, cluster, endpoint, listener, route):
        self.newest = snapshot(cluster=cluster, endpoint=endpoint, listener=listener, route=route)
        self.to_proxy.extend(self.stream.offer(self.newest))

    @rule()
    def deliver_to_proxy(self):
        if self.to_proxy:
            self.to_server.extend(self.proxy.acknowledge(self.to_proxy.popleft()))

    @rule()
    def deliver_to_server(self):
        if self.to_server:
            self.to_proxy.extend(self.stream.receive(self.to_server.popleft()))

    @rule()
    def cut(self):
        self.connect()

    @invariant()
    def what_a_proxy_may_be_using_is_known(self):
        usable: dict[str, set[str]] = {}
        for name, version in self.stream.possible_versions(ResourceType.ENDPOINT):
            usable.setdefault(name, set()).add(version)
        if self.stream.has_subscribed(ResourceType.ENDPOINT) and not self.to_server:
            for name, version in self.proxy.has[ResourceType.ENDPOINT].items():
                assert self.is_known(version, usable[name])

    @invariant()
    def one_that_is_settled_has_the_newest(self):
        kind = ResourceType.ENDPOINT
        if self.stream.is_settled(kind) and self.stream.has_subscribed(kind) and not self.to_server:
            wanted_versions = self.wanted_versions(kind)
            assert self.has(kind, wanted_versions) == wanted_versions

    @invariant()
    def one_response_of_a_type_is_unanswered(self):
        kinds = [type(self).read(r).type_url for r in self.to_proxy]
        assert len(kinds) == len(set(kinds))

    def make_stream(self) -> AnyStream:
        """The server's end of a new one."""
        raise NotImplementedError

    def settle(self) -> None:
        """Leave it alone."""
        while self.to_proxy or self.to_server:
            self.deliver_to_proxy()
            self.deliver_to_server()

    def teardown(self):
        self.settle()
        for kind in ResourceType:
            wanted_versions = self.wanted_versions(kind)
            good = {name: version for name, version in wanted_versions.items() if version != BAD}
            rest = {name for name, version in wanted_versions.items() if version == BAD}
            assert {n: v for n, v in self.has(kind, wanted_versions).items() if n not in rest} == good
        assert (self.stream.rejection is not None) == any(
            BAD in self.wanted_versions(kind).values() for kind in ResourceType
        )
        self.check_that_listeners_whose_changes_are_rejected_are_not_missing()

    def check_that_listeners_whose_changes_are_rejected_are_not_missing(self) -> None:
        good = [name for name, version in self.wanted_versions(ResourceType.LISTENER).items() if version != BAD]
        listeners = dict(self.wanted_versions(ResourceType.LISTENER)) | dict.fromkeys(good, BAD)
        clusters, endpoints, routes = (
            self.wanted_versions(kind) for kind in (ResourceType.CLUSTER, ResourceType.ENDPOINT, ResourceType.ROUTE)
        )
        self.publish(cluster=clusters, endpoint=endpoints, listener=listeners, route=routes)
        self.settle()
        changed = {name: self.newest[ResourceType.LISTENER][name] for name in good}
        assert not self.stream.lacks_listener_of({ResourceType.LISTENER: changed})

    def wanted_versions(self, kind: ResourceType) -> dict[str, str]:
        """The versions of what there is and the proxy wants."""
        asked = self.proxy.wants[kind] if kind in BY_NAME else self.newest[kind]
        return {name: one.version for name, one in self.newest[kind].items() if name in asked}

    def has(self, kind: ResourceType, wanted: Mapping[str, str]) -> dict[str, str]:
        """The resources of the proxy that the protocol can take away."""
        del wanted
        return dict(self.proxy.has[kind])

    def is_known(self, version: str, held: set[str]) -> bool:
        """Whether the server reckons with a version that the proxy has."""
        return version in held
