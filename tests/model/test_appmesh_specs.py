"""Whatever of a mesh is drawn, the gateway takes it, shows it as it was sent, and takes it away again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore import xform_name
from hypothesis import given, settings

from tests.model.appmesh_specs import ApiCall, ask, build_store, meshes


def _as_described(spec: Any) -> Any:
    """As it is shown: a health check has a port."""
    for listener in spec.get("listeners", ()):
        if "healthCheck" in listener:
            listener["healthCheck"].setdefault("port", listener["portMapping"]["port"])
    return _snake(spec)


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {xform_name(key): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Without what was not said."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _describe(store, asked):
    noun = asked.operation.removeprefix("Create")
    named = {key: value for key, value in asked.params.items() if key.endswith("Name")}
    return ask(store, ApiCall(f"Describe{noun}", named))[xform_name(noun)]


@pytest.mark.long
@given(meshes())
@settings(deadline=None)
def test_generated_resources_are_created_described_as_sent_and_deleted(requests):
    store = build_store(requests)
    for request in requests:
        shown = _plain(msgspec.to_builtins(_describe(store, request)["spec"]))
        assert shown == _as_described(request.params.get("spec", {}))
    for request in reversed(requests):
        named = {key: value for key, value in request.params.items() if key.endswith("Name")}
        ask(store, ApiCall(request.operation.replace("Create", "Delete"), named))
    assert list(store.world.records()) == []
