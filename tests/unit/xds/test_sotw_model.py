"""Whatever happens on a state-of-the-world stream, once it is left alone the proxy has what it should have."""

from __future__ import annotations

from collections import deque

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moyai.xds.server.resource import Kind
from moyai.xds.server.sotw import SotwStream
from tests.unit.xds.streams import BAD, BY_NAME, NOTHING, SotwProxy, snapshot

RESOURCES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", "3", BAD]), max_size=3)


class SotwMachine(RuleBasedStateMachine):
    """Publishes, deliveries in both directions, and cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = SotwProxy()
        self.newest = snapshot()
        self.connect()

    def connect(self) -> None:
        self.stream = SotwStream()
        self.to_proxy: deque[bytes] = deque()
        self.to_server: deque[DiscoveryRequest] = deque(self.proxy.first())
        self.to_proxy.extend(self.stream.offer(self.newest))

    @rule(cluster=RESOURCES, endpoint=RESOURCES, listener=RESOURCES, route=RESOURCES)
    def publish(self, cluster, endpoint, listener, route):
        self.newest = snapshot(cluster=cluster, endpoint=endpoint, listener=listener, route=route)
        self.to_proxy.extend(self.stream.offer(self.newest))

    @rule(takes=st.booleans())
    def deliver_to_proxy(self, takes):
        self.proxy.takes_the_good = takes
        if self.to_proxy:
            self.to_server.extend(self.proxy.take(self.to_proxy.popleft()))

    @rule()
    def deliver_to_server(self):
        if self.to_server:
            self.to_proxy.extend(self.stream.receive(self.to_server.popleft()))

    @rule()
    def cut(self):
        self.connect()

    @rule()
    def settle_and_cut(self):
        self.settle()
        self.connect()

    @invariant()
    def what_a_proxy_may_be_using_is_known(self):
        held: dict[str, set[str]] = {}
        for name, version in self.stream.held(Kind.ENDPOINT):
            held.setdefault(name, set()).add(version)
        if self.stream.has_asked_for(Kind.ENDPOINT) and not self.to_server:
            for name, version in self.proxy.has[Kind.ENDPOINT].items():
                unknown = any(one.startswith("?") for one in held[name])
                assert version == NOTHING or version in held[name] or unknown

    @invariant()
    def one_response_of_a_type_is_unanswered(self):
        kinds = [DiscoveryResponse.FromString(r).type_url for r in self.to_proxy]
        assert len(kinds) == len(set(kinds))

    @invariant()
    def one_that_is_settled_has_the_newest(self):
        kind = Kind.ENDPOINT
        if self.stream.is_settled(kind) and self.stream.has_asked_for(kind) and not self.to_server:
            wanted = {name: one.version for name, one in self.newest[kind].items() if name in self.proxy.wants[kind]}
            assert {n: v for n, v in self.proxy.has[kind].items() if n in wanted} == wanted

    def settle(self):
        while self.to_proxy or self.to_server:
            self.deliver_to_proxy(takes=True)
            self.deliver_to_server()

    def teardown(self):
        self.settle()
        for kind in Kind:
            wanted = {name: resource.version for name, resource in self.newest[kind].items()}
            has = dict(self.proxy.has[kind])
            if kind in BY_NAME:
                wanted = {name: version for name, version in wanted.items() if name in self.proxy.wants[kind]}
                has = {name: version for name, version in has.items() if name in wanted}
                answered = self.proxy.has[kind].keys() == self.proxy.wants[kind]
                assert answered or kind is Kind.SECRET or BAD in wanted.values()
            good = {name: version for name, version in wanted.items() if version != BAD}
            rest = {name for name, version in wanted.items() if version == BAD}
            assert {n: v for n, v in has.items() if n not in rest} == good
        assert (self.stream.rejected is not None) == any(
            BAD in {r.version for r in self.newest[kind].values() if r.name in self.proxy.wants.get(kind, {r.name})}
            for kind in Kind
        )


SotwMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30)
TestSotwStream = SotwMachine.TestCase
