"""The URLs that resources of stacks wait at: functions answer for custom resources by ``PUT /_moyai/response?token=…``,
and wait condition handles get signals by ``PUT /_moyai/signal?token=…`` with ``{"Status", "Reason", "UniqueId",
"Data"}``.

The token is the permission, as the signature is in AWS's URLs. Refuses an answer that the resource does not wait for.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import parse_qs

import msgspec

from moyai.api.cloudformation.signals import MAX_SIGNALS
from moyai.api.control.handlers import message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.cloudformation.signal import StackSignal
from moyai.domain.cloudformation.stack import StackResource
from moyai.domain.world import Delete, Put, World
from moyai.ports.store import Store
from moyai.stacks.types.rows.custom import RESPONSE_READER, awaited_requests
from moyai.stacks.types.rows.waiting import HANDLE

MAX_RESPONSE: Final = 4096
"""Bytes of an answer, as on AWS."""
_RECORD: Final = msgspec.msgpack.Encoder()
"""Encodes as the store does, so that data that can't be stored is refused."""


class CustomResponseHandler:
    """Records answers for custom resources; a resource has one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """An empty answer, or a message: 400 for a body that is no answer, 404 for one that nothing waits for."""
        if request.method != "PUT":
            return message_response(405, "Use PUT.")
        world = self._store.world
        token, resource = _token_and_resource(request, world)
        if len(request.body) > MAX_RESPONSE:
            return message_response(400, f"Response object is too long: it may have {MAX_RESPONSE} bytes.")
        try:
            text = request.body.decode()
            response = RESPONSE_READER.decode(text)
            _RECORD.encode(response.data)
        except OverflowError:
            return message_response(400, "The Data of the answer has an integer that does not fit into 64 bits.")
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return message_response(400, f"The body is not an answer of a custom resource: {error}")
        if resource is None or response.request_id not in awaited_requests(resource):
            return message_response(404, "No custom resource waits for the answer to this request.")
        former = [Delete(StackSignal, signal.key) for signal in world.stack_signals.by("token", token)]
        record = StackSignal(resource.stack, token, response.request_id, is_success=True, data=text)
        self._store.apply([*former, Put(record)])
        await self._store.durable()
        return HttpResponse(200, {}, b"")


class _SignalBody(msgspec.Struct, frozen=True, rename="pascal"):
    status: Literal["SUCCESS", "FAILURE"]
    unique_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    reason: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    data: Annotated[str, msgspec.Meta(max_length=4096)] = ""


_READER: Final = msgspec.json.Decoder(_SignalBody)


class SignalHandler:
    """Records signals to wait condition handles."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """An empty answer, or a message: 400 for a body that is no signal, 404 for an unknown token."""
        if request.method != "PUT":
            return message_response(405, "Use PUT.")
        world = self._store.world
        token, resource = _token_and_resource(request, world)
        if resource is None or resource.type != HANDLE:
            return message_response(404, "There is no wait condition handle with this token.")
        try:
            signal = _READER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return message_response(400, f"The body is not {{Status, UniqueId, Reason, Data}}: {error}")
        if world.stack_signals.count("token", token) >= MAX_SIGNALS:
            return message_response(400, f"There are {MAX_SIGNALS} signals already.")
        is_success = signal.status == "SUCCESS"
        record = StackSignal(resource.stack, token, signal.unique_id, is_success, signal.reason, signal.data)
        self._store.apply([Put(record)])
        await self._store.durable()
        return HttpResponse(200, {}, b"")


def _token_and_resource(request: HttpRequest, world: World) -> tuple[str, StackResource | None]:
    """The token in a request's URL, and the resource of a stack that has it."""
    token = parse_qs(request.query).get("token", [""])[-1]
    return token, next(iter(world.stack_resources.by("token", token)), None)
