"""A service's model is not read before its first request, nor for the route of an implemented operation."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from moyai.api.models import load_models
from moyai.api.router import Router
from moyai.api.wire.http import HttpRequest
from moyai.api.wire.protocols import codecs

METADATA = {"protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Shop", "signingName": "shop", "apiVersion": "1"}


class CountingModel(ServiceModel):
    """Counts how often its operations are read."""

    def __init__(self) -> None:
        super().__init__({"metadata": METADATA, "operations": {}, "shapes": {}}, "shop")
        self.reads = 0

    @property
    def operation_names(self) -> list[str]:
        self.reads += 1
        return ["Unimplemented"]


def test_the_route_of_an_implemented_operation_needs_no_look_into_the_model():
    model = CountingModel()
    router = Router({"shop": model}, lambda _, operation: operation == "Buy")
    names = ("Buy", "Unimplemented", "Other")
    requests = [HttpRequest("POST", "/", "", {"x-amz-target": f"Shop.{name}"}) for name in names]
    assert router.route(requests[0], "shop").operation == "Buy"
    assert model.reads == 0
    assert [router.route(request, "shop").operation for request in requests[1:]] == ["Unimplemented", None]


def test_the_codecs_of_all_services_are_made_without_a_look_into_the_models(monkeypatch):
    def fail(*_):
        raise AssertionError("a model was read")

    monkeypatch.setattr(Loader, "load_service_model", fail)
    models = load_models()
    assert all(codecs(model) for model in models.values())
    with pytest.raises(AssertionError):
        models["route53"].operation_names  # noqa: B018
