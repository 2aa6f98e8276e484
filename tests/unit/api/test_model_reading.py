"""A service's model is read in a thread before its first request, and not for the route of that request."""

from __future__ import annotations

import asyncio
import threading

from botocore.model import ServiceModel

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.operation import ApiService
from moyai.api.router import Router
from moyai.api.wire.http import HttpRequest

METADATA = {"protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Shop", "signingName": "shop", "apiVersion": "1"}


class SlowModel(ServiceModel):
    """Notes the threads in which its operations are read."""

    def __init__(self) -> None:
        super().__init__({"metadata": METADATA, "operations": {}, "shapes": {}}, "shop")
        self.readers: list[int] = []

    @property
    def operation_names(self) -> list[str]:
        self.readers.append(threading.get_ident())
        return ["Unimplemented"]


def test_the_route_of_an_implemented_operation_needs_no_look_into_the_model():
    model = SlowModel()
    router = Router({"shop": model}, {"shop": {"Buy"}})
    names = ("Buy", "Unimplemented", "Other")
    requests = [HttpRequest("POST", "/", "", {"x-amz-target": f"Shop.{name}"}) for name in names]
    assert router.route(requests[0], "shop").operation == "Buy"
    assert model.readers == []
    assert [router.route(request, "shop").operation for request in requests[1:]] == ["Unimplemented", None]


def test_the_model_is_read_once_and_in_another_thread():
    model = SlowModel()
    dispatcher = ServiceDispatcher(ApiService("shop"), model)

    async def read_twice() -> None:
        await dispatcher.read_model()
        await dispatcher.read_model()

    asyncio.run(read_twice())
    assert len(model.readers) == 1
    assert model.readers != [threading.get_ident()]
