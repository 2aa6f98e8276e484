"""The URLs of wait condition handles: ``PUT /_moyai/signal?token=…`` with ``{"Status", "Reason", "UniqueId", "Data"}``.

The token is the permission, as the signature is in AWS's URLs.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from moyai.api.cloudformation.signals import MAX_SIGNALS
from moyai.api.control.handlers import message_response, token_and_resource
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.cloudformation.signal import StackSignal
from moyai.domain.world import Put
from moyai.ports.store import Store
from moyai.stacks.types.rows.waiting import HANDLE


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
        token, resource = token_and_resource(request, world)
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
