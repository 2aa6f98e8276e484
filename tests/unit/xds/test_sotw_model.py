"""Whatever happens on a state-of-the-world stream, once it is left alone the proxy has what it should have."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryResponse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from moyai.xds.server.resource import ResourceType
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.sotw import SotwStream
from tests.unit.xds.stream_machine import StreamMachine
from tests.unit.xds.streams import BAD, BY_NAME, NOTHING, SotwProxy


class SotwMachine(StreamMachine):
    make_proxy, read = SotwProxy, DiscoveryResponse.FromString

    def __init__(self) -> None:
        self.given = SentVersions()
        super().__init__()

    def make_stream(self) -> SotwStream:
        sotw_stream = SotwStream()
        sotw_stream.remember(self.given)
        return sotw_stream

    @rule(takes=st.booleans())
    def refuse_in_part_or_whole(self, takes):
        self.proxy.takes_the_good = takes

    @rule()
    def settle_and_cut(self):
        self.settle()
        self.connect()

    def settle(self) -> None:
        self.proxy.takes_the_good = True
        super().settle()

    def teardown(self):
        super().teardown()
        for kind in BY_NAME:
            answered = self.proxy.has[kind].keys() == self.proxy.wants[kind]
            assert answered or kind is ResourceType.SECRET or BAD in self.wanted_versions(kind).values()

    def has(self, kind: ResourceType, wanted: Mapping[str, str]) -> dict[str, str]:
        """A resource that a proxy got by name stays until it is no longer subscribed to."""
        has = super().has(kind, wanted)
        return {name: version for name, version in has.items() if kind not in BY_NAME or name in wanted}

    def is_known(self, version: str, held: set[str]) -> bool:
        """Or reckons with anything."""
        return version == NOTHING or super().is_known(version, held) or any(one.startswith("?") for one in held)


SotwMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30)
TestSotwStream = SotwMachine.TestCase
