"""Inputs as hypothesis draws them from an operation's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.api.installation import MODELS

Known = Mapping[str, Sequence[str]]

DEEPEST = 6
_SELDOM = st.integers(0, 5).map(lambda number: number == 0)
_TEXT = st.text(st.sampled_from("ab0A-_:/. \r\n\x00é舫%"), max_size=6)


@st.composite
def _structures(draw, shape, values_by_member, depth):
    """A structure's required members and some of the others; exactly one of a union's."""
    members = [key for key in shape.members if key in shape.required_members or (depth < DEEPEST and draw(_SELDOM))]
    members = members[:1] if shape.metadata.get("union") else members
    return {key: draw(values(shape.members[key], values_by_member, key, depth + 1)) for key in members}


def values(shape, values_by_member: Known, name="", depth=0) -> st.SearchStrategy[Any]:
    """A value of the shape, in the names that clients write; ``known`` strings by their member's name, often."""
    match shape.type_name:
        case "structure":
            structures: st.SearchStrategy[Any] = _structures(shape, values_by_member, depth)
        case "list":
            structures = st.lists(
                st.deferred(lambda: values(shape.member, values_by_member, name, depth + 1)), max_size=2
            )
        case "map":
            structures = st.dictionaries(
                _TEXT, st.deferred(lambda: values(shape.value, values_by_member, "", depth + 1)), max_size=2
            )
        case "string" if name in values_by_member:
            structures = st.sampled_from(values_by_member[name]) | _TEXT
        case "string":
            structures = st.sampled_from(shape.enum) if shape.enum else _TEXT
        case "blob":
            meant = [text.encode() for text in values_by_member.get(name, ("x",))]
            structures = st.sampled_from(meant) | st.binary(min_size=1, max_size=6)
        case "boolean":
            structures = st.booleans()
        case _:
            structures = st.integers(0, 3) | st.integers(-(1 << 31), (1 << 31) - 1)
    return structures


def ask_anything(installation, service: str, name: str, values_by_member: Known, common: frozenset[str]) -> None:
    """Send the operation what its model allows: each answer is one, or a modelled error that has changed nothing."""
    client, model = installation.client(service), MODELS[service].operation_model(name)
    errors: Sequence[Any] = model.error_shapes
    modelled = {name for error in errors for name in (error.name, error.error_code)} | common

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values(model.input_shape, values_by_member))
    def ask(params: dict[str, Any]) -> None:
        before = list(installation.store.world.records())
        error = _failure(lambda: getattr(client, xform_name(name))(**params))
        if error is not None:
            assert error.response["Error"]["Code"] in modelled, error
            assert list(installation.store.world.records()) == before

    ask()


def _failure(call: Callable[[], object]) -> ClientError | None:
    try:
        call()
    except ClientError as error:
        return error
    return None
