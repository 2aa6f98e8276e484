"""Assumptions of the wire about the models. A new botocore that breaks one fails here."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from moyai.api.models import SERVICES, load_models
from moyai.api.wire.validate import compiled_pattern
from tests.contract.wire import peer

UNKNOWN_TRAITS = {"flattened", "xmlAttribute", "jsonvalue", "timestampFormat", "streaming", "hostLabel"}
SHAPES: list[tuple[str, Any]] = [
    (service, model.shape_for(name)) for service, model in peer.MODELS.items() for name in model.shape_names
]


def test_every_trait_of_the_models_is_supported():
    members = [
        (service, shape.name, name, member)
        for service, shape in SHAPES
        if shape.type_name == "structure"
        for name, member in shape.members.items()
    ]
    assert [
        (service, shape, name) for service, shape, name, member in members if UNKNOWN_TRAITS & set(member.serialization)
    ] == []
    assert {member.serialization.get("location") for *_, member in members} <= {None, "uri", "querystring", "header"}


def test_headers_are_of_outputs_of_rest_xml_only():
    for service, model in peer.MODELS.items():
        for name in model.operation_names:
            operation = model.operation_model(name)
            shapes = (operation.input_shape, *([] if service == "route53" else [operation.output_shape]))
            members = [member for shape in shapes if shape is not None for member in shape.members.values()]
            assert [m for m in members if m.serialization.get("location") == "header"] == [], name


def test_payloads_are_outputs_only():
    for model in peer.MODELS.values():
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            assert shape is None or "payload" not in shape.serialization


@pytest.mark.parametrize("service", peer.MODELS)
def test_snake_case_names_are_unique(service):
    for of, shape in SHAPES:
        if of == service and shape.type_name == "structure":
            twice = [name for name, count in Counter(map(xform_name, shape.members)).items() if count > 1]
            assert twice == [], shape.name


def test_every_pattern_compiles():
    for _, shape in SHAPES:
        if pattern := shape.metadata.get("pattern"):
            compiled_pattern(pattern)


@pytest.mark.parametrize("service", peer.MODELS)
def test_every_type_is_known(service):
    known = {"structure", "list", "map", "string", "boolean", "integer", "long", "float", "double", "timestamp", "blob"}
    assert {shape.type_name for of, shape in SHAPES if of == service} <= known


@pytest.mark.parametrize("service", SERVICES)
def test_a_model_read_in_parts_is_the_whole_model(service):
    description = Loader().load_service_model(service, "service-2")
    whole, in_parts = ServiceModel(description, service), load_models([service])[service]
    assert in_parts.metadata == whole.metadata
    assert in_parts.operation_names == whole.operation_names
    assert in_parts.shape_names == whole.shape_names
    assert [shape.name for shape in in_parts.error_shapes] == [shape.name for shape in whole.error_shapes]
