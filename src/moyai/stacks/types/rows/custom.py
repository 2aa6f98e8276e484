"""Custom resources: a function of AWS Lambda, or a subscriber of an SNS topic, makes them, and answers at a URL.

Promise: a request of an operation has the same id however often it is sent, so an answer that came before the control
plane ended counts. Refuses: an answer to another request. The function is called through the API like any other.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource, StackResource, StackStatus
from moyai.stacks.types.calls import EMPTY, Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import (
    AwsCallFailed,
    Begun,
    Call,
    Identified,
    Procedure,
    ResourceFailed,
    Signals,
    Wait,
)
from moyai.stacks.types.resource_type import FIRST_WAIT, LATER_WAIT, QUICK_LOOKS, StackResourceType
from moyai.stacks.types.schema import Schema

LONGEST: Final = 3600
"""Seconds until an answer must be there, without a ServiceTimeout."""
_LONGEST_TIMEOUT: Final = 4
"""Digits of a ServiceTimeout."""
_LONGEST_NAME: Final = 255
_SERVICE: Final = "ServiceToken"
"""The property that names the function or topic."""
_SCHEMA: Final = Schema(frozenset({_SERVICE, "ServiceTimeout"}), required=frozenset({_SERVICE}), is_open=True)
_KINDS: Final = ("Create", "Update", "Delete")
_SUBJECT: Final = "AWS CloudFormation custom resource request"
_NO_ENGINE: Final = "error running docker"
"""The beginning of moto's answer for a function for which it has found no Docker."""
_LONGEST_REASON: Final = 500
_TRIES: Final = 5
"""How often a request is sent whose server fails."""


class CustomResponse(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer of a function. ``data``: the attributes of the resource."""

    status: Literal["SUCCESS", "FAILED"]
    request_id: str
    physical_resource_id: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    reason: str | None = None
    data: dict[str, Any] | None = None

    @property
    def is_success(self) -> bool:
        """Whether the function has done what it was asked for."""
        return self.status == "SUCCESS"


RESPONSE_READER: Final = msgspec.json.Decoder(CustomResponse)
"""Reads an answer, as it comes and as it is recorded."""


class CustomResource(StackResourceType, frozen=True):
    """The type of custom resources, which has the name that the template gives it."""

    @property
    def schema(self) -> Schema:
        """Any property: the function gets them all."""
        return _SCHEMA

    def must_replace(self, before: Properties, after: Properties) -> frozenset[str]:
        """None: the function's answer to an update says whether there is another resource."""
        del before, after
        return frozenset()

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Ask for the creation. What was asked for is deleted even where the answer fails, names nothing or never
        comes: under a drawn id then.
        """
        del existing  # the request's id is that of the first one, so an answer to it counts
        response = yield from self._exchange("Create", properties, context)
        if response.physical_resource_id:
            yield Identified(response.physical_resource_id)
        _check_success(response)
        if not response.physical_resource_id:
            raise ResourceFailed("Invalid PhysicalResourceId")
        return _resource(response.physical_resource_id, properties, response)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Ask for the update. An answer with another id is a new resource; cleanup deletes the former."""
        if resource.properties[_SERVICE] != after.get(_SERVICE):
            raise ResourceFailed("Modifying service token is not allowed.")
        before = resource.properties if attempted is None else attempted
        response = yield from self._exchange("Update", after, context, resource.id, _texts(before))
        _check_success(response)
        return _resource(response.physical_resource_id or resource.id, after, response)

    def removal_steps(self, resource: PhysicalResource, context: ResourceContext) -> Procedure[None]:
        """Ask for the deletion."""
        _check_success((yield from self._exchange("Delete", resource.properties, context, resource.id)))

    def _exchange(
        self,
        kind: str,
        properties: Properties,
        context: ResourceContext,
        physical_id: str = "",
        former: Properties = EMPTY,
    ) -> Procedure[CustomResponse]:
        """Send a request, unless it was answered already or its time has passed, and wait for the answer."""
        timeout = _timeout(properties)
        request_id = _request_id(context.token, context.phase, kind, physical_id)
        response = (yield from _response(request_id, context)) if context.is_repeated else None
        if response is not None:
            return response
        if (yield Begun(request_id))["seconds"] < timeout:
            message = _request(kind, request_id, properties, context)
            message |= {"ResourceType": self.name}
            message |= {"PhysicalResourceId": physical_id} if physical_id else {}
            message |= {"OldResourceProperties": former} if former else {}
            yield from _hand_over(message, context)
        yield from _identify(kind, context)
        looks = 0
        while True:
            yield Wait(FIRST_WAIT if looks < QUICK_LOOKS else LATER_WAIT)
            looks += 1
            response = yield from _response(request_id, context)
            if response is not None:
                return response
            if (yield Begun(request_id))["seconds"] >= timeout:
                raise ResourceFailed(
                    "CloudFormation did not receive a response from your custom resource. Please check your logs for "
                    f"requestId [{request_id}]."
                )


def custom_resource(name: str) -> CustomResource:
    """The type of custom resources with this name."""
    return CustomResource(name, "", "", "", None, lambda _: {})


def awaited_requests(resource: StackResource) -> frozenset[str]:
    """The ids of the requests whose answers a resource may wait for."""
    if not (resource.status.in_progress or resource.cleaning):
        return frozenset()
    current = () if resource.physical is None else (resource.physical,)
    ids = {"", *(physical.id for physical in (*resource.obsolete, *current))}
    return frozenset(_request_id(resource.token, resource.phase, kind, each) for kind in _KINDS for each in ids)


def _request_id(token: str, phase: str, kind: str, physical_id: str) -> str:
    digest = sha256(json.dumps([token, phase, kind, physical_id]).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def _request(kind: str, request_id: str, properties: Properties, context: ResourceContext) -> dict[str, Any]:
    url = f"http://{context.api}/_moyai/response?{urlencode({'token': context.token})}"
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": context.stack.arn,
        "RequestId": request_id,
        "LogicalResourceId": context.logical_id,
        _SERVICE: properties[_SERVICE],
        "ResourceProperties": _texts(properties),
    }


def _identify(kind: str, context: ResourceContext) -> Procedure[None]:
    """Record that a creation may have made a resource, so that it is deleted even where no answer names it."""
    if kind == "Create":
        yield Identified(context.draw_name(_LONGEST_NAME))


def _hand_over(message: Mapping[str, Any], context: ResourceContext) -> Procedure[None]:
    """Give a request to the function or topic. Raises ResourceFailed."""
    call = _call(str(message[_SERVICE]), json.dumps(message))
    answer = yield from _call_repeatedly(call, message, context)
    text = answer.get("Payload", b"")
    reason = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if "FunctionError" in answer and reason.startswith(_NO_ENGINE):
        raise ResourceFailed(_not_done(f"{message[_SERVICE]} was not run", call.service, message, context, reason))


def _call_repeatedly(call: Call, message: Mapping[str, Any], context: ResourceContext) -> Procedure[Mapping[str, Any]]:
    """The answer to the call that hands a request over; nothing where the request is answered before the call is.

    A server that fails may have passed the request on, unless it has not received it: the request is sent again, and
    what a creation may make is recorded.
    """
    may_be_run = False
    for attempt in count(1):
        try:
            return (yield call)
        except AwsCallFailed as fault:
            if not fault.may_pass:
                raise
            may_be_run = may_be_run or fault.may_be_done
            if may_be_run:
                yield from _identify(message["RequestType"], context)
            if attempt == _TRIES:
                function = message[_SERVICE]
                outcome = f"It is not known whether {function} was run" if may_be_run else f"{function} was not run"
                raise ResourceFailed(_not_done(outcome, call.service, message, context, fault.message)) from fault
        yield Wait(LATER_WAIT)
        if (yield from _response(message["RequestId"], context)) is not None:
            break
    return EMPTY


def _not_done(outcome: str, service: str, message: Mapping[str, Any], context: ResourceContext, reason: str) -> str:
    """Why a resource fails whose request was not taken, and what to do."""
    server = f"name a server that runs it (moyai up --delegate {service}=URL)"
    if message["RequestType"] != "Delete":
        advice = f"{server}, and repeat the operation"
    elif context.stack.status is StackStatus.DELETE_IN_PROGRESS:
        kept = f"delete-stack --retain-resources {message['LogicalResourceId']}"
        advice = f"keep the resource ({kept}), or {server}, and repeat the operation"
    else:
        identifier = message["PhysicalResourceId"]
        advice = f"{server}, and delete {identifier} yourself where the stack does not have it any more"
    request = f"the {message['RequestType']} request {message['RequestId']}"
    return f"{outcome} for {request}: {reason[:_LONGEST_REASON]}. To go on, {advice}."


def _call(service_token: str, message: str) -> Call:
    """The call that hands a request over. Raises ResourceFailed."""
    match service_token.split(":", 3)[:3]:
        case ["arn", _, "lambda"]:
            members = {"FunctionName": service_token, "InvocationType": "Event", "Payload": message}
            return Call("lambda", "Invoke", members)
        case ["arn", _, "sns"]:
            return Call("sns", "Publish", {"TopicArn": service_token, "Message": message, "Subject": _SUBJECT})
        case _:
            raise ResourceFailed("Invalid service token.")


def _response(request_id: str, context: ResourceContext) -> Procedure[CustomResponse | None]:
    answer = yield Signals(context.token)
    text = answer["successes"].get(request_id)
    return None if text is None else RESPONSE_READER.decode(text)


def _check_success(response: CustomResponse) -> None:
    if not response.is_success:
        raise ResourceFailed(
            f"Received response status [FAILED] from custom resource. Message returned: {response.reason or ''} "
            f"(RequestId: {response.request_id})"
        )


def _resource(identifier: str, properties: Properties, response: CustomResponse) -> PhysicalResource:
    return PhysicalResource(identifier, properties, identifier, response.data or {})


def _timeout(properties: Properties) -> float:
    value = str(properties.get("ServiceTimeout", LONGEST))
    if not value.isdecimal() or len(value) > _LONGEST_TIMEOUT or not 1 <= int(value) <= LONGEST:
        raise ResourceFailed(f"ServiceTimeout must be an integer between 1 and {LONGEST}.")
    return float(value)


def _texts(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """A value whose scalars are texts, as functions get them."""
    if isinstance(value, Mapping):
        return {name: _texts(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(element) for element in value]
    return json.dumps(value) if isinstance(value, bool | int | float) else value
