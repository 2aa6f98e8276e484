"""A service's model is not read for the route of an implemented operation."""

from __future__ import annotations

from botocore.model import ServiceModel

from moyai.api.router import Router
from moyai.api.wire.http import HttpRequest

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
