"""Whatever the model allows as input, an operation of ECS answers it or raises an error that the model lists,
and an error changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.api.ecs.service import ECS
from moyai.domain.cloudmap.service import RecordType
from moyai.kernel.errors import ApiError
from tests.unit.api.ecs.bench import ARN, NETWORK, REGISTRY, SUBNETS, Bench, connect, desk, fargate, offer, service

KNOWN: Mapping[str, Sequence[str]] = {
    "cluster": ["default", f"{ARN}cluster/default", "none"],
    "clusters": ["default"],
    "service": ["web", f"{ARN}service/default/web", "none"],
    "serviceName": ["web", "new"],
    "services": ["web"],
    "taskDefinition": ["web", "web:1", "none"],
    "family": ["web"],
    "portName": ["http"],
    "namespace": ["shop.local"],
    "resourceArn": [f"{ARN}cluster/default", f"{ARN}service/default/web", f"{ARN}task-definition/web:1"],
    "launchType": ["FARGATE"],
    "subnets": SUBNETS[:2],
    "capacityProviders": ["FARGATE"],
    "capacityProvider": ["FARGATE"],
    "cpu": ["256", "1 vcpu"],
    "memory": ["512", "2GB"],
    "networkMode": ["awsvpc"],
    "containerName": ["app"],
    "registryArn": [f"{REGISTRY}a", f"{REGISTRY}srv"],
    "name": ["app", "http"],
}
"""Strings that mean something in the world of the bench, so that requests get past the first check."""
START: dict[str, dict[str, object]] = {
    "RegisterTaskDefinition": fargate(),
    "CreateService": service("new"),
    "UpdateService": {"service": "web"},
    "RunTask": {"taskDefinition": "web", "networkConfiguration": NETWORK},
}
"""Requests that succeed; what is drawn is laid over them, one or two members at a time."""
DEEPEST = 6
_SELDOM = st.integers(0, 5).map(lambda number: number == 0)
_TEXT = st.text(st.sampled_from("ab0A-_:/. \r\n\x00é舫%"), max_size=6)


@st.composite
def _structures(draw, shape, depth):
    """A structure's required members and some of the others; exactly one of a union's."""
    chosen = [key for key in shape.members if key in shape.required_members or (depth < DEEPEST and draw(_SELDOM))]
    chosen = chosen[:1] if shape.metadata.get("union") else chosen
    return {key: draw(values(shape.members[key], key, depth + 1)) for key in chosen}


def values(shape, name="", depth=0) -> st.SearchStrategy[Any]:
    """A value of the shape, in the names that clients write."""
    match shape.type_name:
        case "structure":
            made: st.SearchStrategy[Any] = _structures(shape, depth)
        case "list":
            made = st.lists(st.deferred(lambda: values(shape.member, name, depth + 1)), max_size=2)
        case "map":
            made = st.dictionaries(_TEXT, st.deferred(lambda: values(shape.value, "", depth + 1)), max_size=2)
        case "string" if name in KNOWN:
            made = st.sampled_from(KNOWN[name]) | _TEXT
        case "string":
            made = st.sampled_from(shape.enum) if shape.enum else _TEXT
        case "boolean":
            made = st.booleans()
        case _:
            made = st.integers(0, 3) | st.integers(-(1 << 31), (1 << 31) - 1)
    return made


def _inhabited() -> Bench:
    bench = Bench()
    bench.call("CreateCluster")
    bench.namespace()
    bench.registry(RecordType.A)
    bench.registry(RecordType.SRV)
    bench.definition()
    bench.service(serviceConnectConfiguration=connect(offer()))
    bench.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)
    return bench


def _failure(bench: Bench, name: str, params: dict[str, object]) -> ApiError | None:
    try:
        bench.call(name, **params)
    except ApiError as error:
        return error
    return None


@pytest.mark.parametrize("name", sorted(ECS.operations))
def test_any_input_is_answered_or_refused_as_modelled(name):
    model = desk().model.operation_model(name)
    modelled = {error.name for error in model.error_shapes} | {"SerializationException"}

    @settings(max_examples=60)
    @given(values(model.input_shape), st.booleans())
    def ask(drawn, whole):
        params = drawn if whole else START.get(name, {}) | dict(list(drawn.items())[-2:])
        bench = _inhabited()
        before = list(bench.world.records())
        failure = _failure(bench, name, params)
        if failure is not None:
            assert failure.code in modelled
            assert failure.message
            assert list(bench.world.records()) == before

    ask()
