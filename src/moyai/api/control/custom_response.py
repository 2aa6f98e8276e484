"""The URLs at which functions answer for custom resources: ``PUT /_moyai/response?token=…``.

The token is the permission, as the signature is in AWS's URLs. Refuses an answer that the resource does not wait for.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.control.handlers import message_response, token_and_resource
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.cloudformation.signal import StackSignal
from moyai.domain.world import Delete, Put
from moyai.ports.store import Store
from moyai.stacks.types.rows.custom import RESPONSE_READER, awaited_requests

MAX_RESPONSE: Final = 4096
"""Bytes of an answer, as on AWS."""
_RECORD: Final = msgspec.msgpack.Encoder()
"""Encodes as records are, so that what can't be recorded is refused."""


class CustomResponseHandler:
    """Records answers for custom resources; a resource has one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """An empty answer, or a message: 400 for a body that is no answer, 404 for one that nothing waits for."""
        if request.method != "PUT":
            return message_response(405, "Use PUT.")
        world = self._store.world
        token, resource = token_and_resource(request, world)
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
