"""Used or refused, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import pytest
from botocore.model import ServiceModel

from moyai.api.coverage import decisions, idle_refusals, render_coverage
from moyai.api.operation import ApiOperation, ApiService, operations
from moyai.api.wire.accept import Acceptor, Decision, Refusals, UnsupportedMember, WholeStructure
from moyai.api.wire.misfit import Misfit

MODEL = ServiceModel(
    {
        "metadata": {"protocol": "json", "endpointPrefix": "toy", "serviceId": "Toy Box"},
        "operations": {
            "Do": {"name": "Do", "http": {}, "input": {"shape": "Input"}},
            "Rest": {"name": "Rest", "http": {}},
            "Later": {"name": "Later", "http": {}},
        },
        "shapes": {
            "Input": {
                "type": "structure",
                "members": {
                    "name": {"shape": "Text"},
                    "ports": {"shape": "Ports"},
                    "byName": {"shape": "PortMap"},
                    "twin": {"shape": "Port"},
                    "free": {"shape": "Free"},
                    "again": {"shape": "Input"},
                    "odd": {"shape": "Port"},
                },
            },
            "Port": {
                "type": "structure",
                "members": {
                    "number": {"shape": "Number"},
                    "range": {"shape": "Text"},
                    "appProtocol": {"shape": "Text"},
                },
            },
            "Ports": {"type": "list", "member": {"shape": "Port"}},
            "PortMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Port"}},
            "Free": {"type": "structure", "document": True, "members": {}},
            "Text": {"type": "string"},
            "Number": {"type": "integer"},
        },
    }
)
REFUSED = {
    "Do.odd": "odd things are not done",
    "Do.ports[].range": "one port at a time",
    "*.byName{}.range": "one port at a time, by name too",
    "Do.nmae": "a misspelling",
}


class Port(msgspec.Struct, frozen=True):
    number: int = 0
    app_protocol: Literal["http", "grpc"] | None = None


class Input(msgspec.Struct, frozen=True):
    name: Literal["a", "b"] = "a"
    ports: tuple[Port, ...] = ()
    by_name: Mapping[str, Port] = {}
    twin: Port | None = None
    free: Any = None
    again: Input | None = None


class Nothing(msgspec.Struct, frozen=True):
    pass


def do(_ctx, request):
    return request


SERVICE = ApiService("toy", operations(ApiOperation("Do", Input, do), ApiOperation("Rest", Nothing, do)), REFUSED)
ACCEPTOR = Acceptor(MODEL.operation_model("Do"), Input, Refusals(REFUSED))


def test_modelled_members_arrive_typed():
    request = ACCEPTOR.accept(
        {
            "name": "b",
            "ports": [{"number": 80, "app_protocol": "http"}],
            "by_name": {"x": {"number": 1}},
            "free": {"any": ["thing"]},
            "again": {"again": {"name": "a"}},
        }
    )
    assert request.ports == (Port(80, "http"),)
    assert request.by_name == {"x": Port(1)}
    assert request.free == {"any": ["thing"]}
    assert request.again == Input(again=Input())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"odd": {"number": 1}}, "odd: not supported by moyai: odd things are not done. Leave it out."),
        (
            {"ports": [{}, {"range": "1-2"}]},
            "ports[1].range: not supported by moyai: one port at a time. Leave it out.",
        ),
        (
            {"by_name": {"x": {"range": "1-2"}}},
            "byName['x'].range: not supported by moyai: one port at a time, by name too. Leave it out.",
        ),
        ({"twin": {"range": "1-2"}}, "twin.range: not supported by moyai: not yet. Leave it out."),
        (
            {"again": {"again": {"odd": {"number": 1}}}},
            "again.again.odd: not supported by moyai: odd things are not done. Leave it out.",
        ),
    ],
)
def test_unmodelled_members_are_refused_by_name(params, message):
    with pytest.raises(UnsupportedMember) as caught:
        ACCEPTOR.accept(params)
    assert caught.value.message == message


@pytest.mark.parametrize("nothing", [{}, "", [], False, 0], ids=repr)
def test_empty_values_are_not_refused(nothing):
    assert ACCEPTOR.accept({"odd": nothing}) == Input()


def test_a_field_may_be_stricter_than_the_model():
    with pytest.raises(Misfit) as caught:
        ACCEPTOR.accept({"again": {"name": "c"}})
    assert caught.value.message == "again.name: Invalid enum value 'c'."
    with pytest.raises(Misfit) as caught:
        ACCEPTOR.accept({"by_name": {"x": {"app_protocol": "tcp"}}})
    assert caught.value.message == "byName[...].appProtocol: Invalid enum value 'tcp'."


class Misspelt(msgspec.Struct, frozen=True):
    nmae: str = ""


class Untyped(msgspec.Struct, frozen=True):
    twin: dict[str, Any] = {}


class Unlisted(msgspec.Struct, frozen=True):
    ports: Port | None = None


class Both(msgspec.Struct, frozen=True):
    odd: Port | None = None


@pytest.mark.parametrize(
    ("request_type", "words"),
    [
        (Misspelt, "Input has no nmae"),
        (Untyped, "twin needs a Struct for Port"),
        (Unlisted, "ports needs a list"),
        (Both, "odd has a field and is refused"),
    ],
)
def test_a_request_type_that_is_not_aws_s_is_a_bug(request_type, words):
    with pytest.raises(TypeError, match=words):
        Acceptor(MODEL.operation_model("Do"), request_type, Refusals(REFUSED))


class Recorded(msgspec.Struct, frozen=True):
    twin: WholeStructure = {}


def test_a_structure_may_be_recorded_whole():
    acceptor = Acceptor(MODEL.operation_model("Do"), Recorded, Refusals(REFUSED))
    assert acceptor.accept({"twin": {"number": 1, "range": "1-2"}}) == Recorded({"number": 1, "range": "1-2"})


def test_every_member_is_decided_about():
    member_decisions = list(decisions(SERVICE, MODEL))
    assert Decision("Do", "ports[].number", "works") in member_decisions
    assert Decision("Do", "ports[].range", "refused", "one port at a time") in member_decisions
    assert Decision("Do", "byName{}.range", "refused", "one port at a time, by name too") in member_decisions
    assert [decision.member for decision in member_decisions if decision.status == "undecided"] == ["twin.range"]
    assert len(member_decisions) == len(set(member_decisions))


def test_a_refusal_without_a_member_is_detected():
    assert idle_refusals(SERVICE, MODEL) == ["Do.nmae"]


def test_the_reference_page_lists_operations():
    page = render_coverage([SERVICE], {"toy": MODEL})
    assert "| [Toy Box](#toy-box) | 2 | 1 |" in page
    assert "| **Do** | | works |\n| | `name` | works |" in page
    assert "| | `odd` | refused: odd things are not done |" in page
    assert "| **Rest** | | works |" in page
    assert "Not yet: Later." in page


def test_all_members_that_are_not_supported_are_named_at_once():
    with pytest.raises(UnsupportedMember) as caught:
        ACCEPTOR.accept({"odd": {"number": 1}, "ports": [{"range": "1-2"}, {"range": "3"}]})
    assert caught.value.message == (
        "odd: not supported by moyai: odd things are not done. Leave it out. "
        "ports[0].range: not supported by moyai: one port at a time. Leave it out. "
        "ports[1].range: not supported by moyai: one port at a time. Leave it out."
    )


def test_an_answer_has_room_for_some_of_very_many_members():
    with pytest.raises(UnsupportedMember) as caught:
        ACCEPTOR.accept({"ports": [{"range": "1-2"}] * 5000})
    assert caught.value.message.count("Leave it out.") == 20
    assert caught.value.message.endswith("And 4980 more.")
