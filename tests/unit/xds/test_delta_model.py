"""Whatever happens on a stream, once it is left alone the proxy has what it should have."""

from __future__ import annotations

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from hypothesis import settings

from moyai.xds.server.delta import DeltaStream
from tests.unit.xds.stream_machine import StreamMachine
from tests.unit.xds.streams import Proxy


class DeltaMachine(StreamMachine):
    make_proxy, read = Proxy, DeltaDiscoveryResponse.FromString

    def make_stream(self) -> DeltaStream:
        return DeltaStream()


DeltaMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=30)
TestStream = DeltaMachine.TestCase
