"""Every operation of every service: what botocore writes we read, what we write botocore reads.

EC2 has more operations than all others, of which few are ours: the rest, which the gateway refuses by name, are left to
the nightly run.
"""

from __future__ import annotations

import functools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moyai.api.ec2.service import EC2
from moyai.api.wire.protocols import codecs
from tests.contract.wire import peer


def marks(service: str, name: str):
    return [pytest.mark.heavy] if service == "ec2" and name not in EC2.operations else []


CASES = [
    pytest.param(service, protocol, name, id=f"{service}-{protocol}-{name}", marks=marks(service, name))
    for service, model in peer.MODELS.items()
    for protocol in peer.protocols(model)
    for name in model.operation_names
]
MANY = 100
"""Operations, of which a few examples each will do."""
ROUND_TRIP = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@functools.cache
def codec_of(service: str, protocol: str):
    model = peer.MODELS[service]
    return peer.with_result_wrappers(model, protocol), codecs(model)[protocol]


def examples(service: str) -> int:
    return 3 if len(peer.MODELS[service].operation_names) > MANY else 6


@pytest.mark.parametrize(("service", "protocol", "name"), CASES)
def test_inputs_and_outputs_round_trip(service, protocol, name):
    model, codec = codec_of(service, protocol)
    operation = model.operation_model(name)

    @settings(ROUND_TRIP, max_examples=examples(service))
    @given(st.data())
    def round_trip(data):
        if operation.input_shape is not None and not operation.has_event_stream_input:
            params = data.draw(peer.values(operation.input_shape))
            read = codec.parse(operation, peer.request(protocol, operation, params))
            due = peer.inside(operation.input_shape, params)
            assert (
                (peer.without_empty_values(read) == peer.without_empty_values(due))
                if protocol in {"query", "ec2"}
                else (read == peer.without_empty_query_lists(operation.input_shape, due))
            )
        if operation.output_shape is not None and not operation.has_event_stream_output:
            output = data.draw(peer.values(operation.output_shape))
            response = codec.serialise(operation, peer.inside(operation.output_shape, output), "request-1")
            answer = peer.read(protocol, operation.output_shape, response)
            assert answer.pop("ResponseMetadata")["RequestId"] == "request-1"
            if payload := operation.output_shape.serialization.get("payload"):
                output.setdefault(payload, {})  # a body is always there
            assert answer == output

    round_trip()
