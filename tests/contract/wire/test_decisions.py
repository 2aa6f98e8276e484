"""Each input member of each operation that is there: used or refused on purpose, never dropped."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from typing import Any, cast

import pytest

import moyai.api
from moyai.api.coverage import decisions, idle_refusals, render_coverage
from moyai.api.operation import ApiService
from tests.contract.wire import peer


def services() -> dict[str, ApiService]:
    """The services of the API, each from the module ``service`` of its package."""
    by_name: dict[str, ApiService] = {}
    for package in pkgutil.iter_modules(moyai.api.__path__, "moyai.api."):
        if package.ispkg and importlib.util.find_spec(f"{package.name}.service"):
            module = importlib.import_module(f"{package.name}.service")
            offered = [service for thing in vars(module).values() if (service := _service_of(thing, module.__name__))]
            assert len(offered) == 1, f"{package.name}.service offers one service, not {len(offered)}"
            by_name[offered[0].name] = offered[0]
    return by_name


def _service_of(value: Any, module: str) -> ApiService | None:
    """A service, or the one that a function makes; its handlers are not called here."""
    if isinstance(value, ApiService):
        return value
    if inspect.isfunction(value) and value.__module__ == module and value.__annotations__.get("return") == "ApiService":
        return cast("ApiService", value(*[None] * len(inspect.signature(value).parameters)))
    return None


SERVICES = services()


@pytest.mark.parametrize("name", SERVICES)
def test_every_input_member_is_used_or_rejected_explicitly(name):
    undecided_decisions = [d for d in decisions(SERVICES[name], peer.MODELS[name]) if d.status == "undecided"]
    assert [f"{decision.operation}.{decision.member}" for decision in undecided_decisions] == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_refusal_refuses_something(name):
    assert idle_refusals(SERVICES[name], peer.MODELS[name]) == []


def test_the_page_names_every_operation():
    page = render_coverage(SERVICES.values(), peer.MODELS)
    for model in peer.MODELS.values():
        assert [name for name in model.operation_names if name not in page] == []
    assert "undecided" not in page


@pytest.mark.parametrize("name", SERVICES)
def test_absent_operations_alone_have_another_instead(name):
    service = SERVICES[name]
    assert service.instead.keys() <= set(peer.MODELS[name].operation_names) - service.operations.keys()
