"""Custom resources: a function of AWS Lambda, or a subscriber of an SNS topic, handles requests and answers at a URL.

Promise: the request of an operation has the same id however often it is sent, so that an answer from before a restart
of the control plane is valid. Refuses: an answer to another request. The function is called through the API, like any
other operation.
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
"""Seconds that an answer is waited for: the default of ServiceTimeout, and its maximum."""
_LONGEST_TIMEOUT: Final = 4
"""Digits that a ServiceTimeout may have."""
_LONGEST_NAME: Final = 255
_SERVICE: Final = "ServiceToken"
"""The property that names the function or topic."""
_SCHEMA: Final = Schema(frozenset({_SERVICE, "ServiceTimeout"}), required=frozenset({_SERVICE}), is_open=True)
_KINDS: Final = ("Create", "Update", "Delete")
_SUBJECT: Final = "AWS CloudFormation custom resource request"
_NO_ENGINE: Final = "error running docker"
"""The beginning of moto's answer for a function that it can't run, because it has no Docker."""
_LONGEST_REASON: Final = 500
_TRIES: Final = 5
"""Number of attempts to send a request while the server fails."""


class CustomResponse(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer of a function. ``data``: the attributes of the resource."""

    status: Literal["SUCCESS", "FAILED"]
    request_id: str
    physical_resource_id: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    reason: str | None = None
    data: dict[str, Any] | None = None

    @property
    def is_success(self) -> bool:
        """Whether the function has carried out the request."""
        return self.status == "SUCCESS"


RESPONSE_READER: Final = msgspec.json.Decoder(CustomResponse)
"""Reads an answer, from its request and from the record of it."""


class CustomResource(StackResourceType, frozen=True):
    """The type of custom resources, under the name that the template has chosen."""

    @property
    def schema(self) -> Schema:
        """A schema that allows any property, because the function gets them all."""
        return _SCHEMA

    def must_replace(self, before: Properties, after: Properties) -> frozenset[str]:
        """No property: the function's answer to an update decides whether the resource is replaced."""
        del before, after
        return frozenset()

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Request the creation. A physical id is recorded in any case, a generated one when no answer has it, so that
        the function is asked to delete the resource even if the creation fails.
        """
        del existing  # a repeated request has the id of the first one, whose answer is valid for it
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
        """Request the update. An answer with another physical id means a new resource; cleanup deletes the former."""
        if resource.properties[_SERVICE] != after.get(_SERVICE):
            raise ResourceFailed("Modifying service token is not allowed.")
        before = resource.properties if attempted is None else attempted
        response = yield from self._exchange("Update", after, context, resource.id, _texts(before))
        _check_success(response)
        return _resource(response.physical_resource_id or resource.id, after, response)

    def removal_steps(self, resource: PhysicalResource, context: ResourceContext) -> Procedure[None]:
        """Request the deletion."""
        _check_success((yield from self._exchange("Delete", resource.properties, context, resource.id)))

    def _exchange(
        self,
        kind: str,
        properties: Properties,
        context: ResourceContext,
        physical_id: str = "",
        former: Properties = EMPTY,
    ) -> Procedure[CustomResponse]:
        """Send a request, unless it has been answered or its timeout has passed, and wait for the answer."""
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
            yield from _send(message, context)
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
    """The type of custom resources with the name ``name``."""
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
    """Record a generated physical id for a creation, so that its resource is deleted even if no answer comes."""
    if kind == "Create":
        yield Identified(context.generate_name(_LONGEST_NAME))


def _send(message: Mapping[str, Any], context: ResourceContext) -> Procedure[None]:
    """Send a request to the function or topic. Raises ResourceFailed."""
    call = _request_call(str(message[_SERVICE]), json.dumps(message))
    answer = yield from _call_repeatedly(call, message, context)
    text = answer.get("Payload", b"")
    reason = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if "FunctionError" in answer and reason.startswith(_NO_ENGINE):
        outcome = f"{message[_SERVICE]} was not run"
        raise ResourceFailed(_failure_text(outcome, call.service, message, context, reason))


def _call_repeatedly(call: Call, message: Mapping[str, Any], context: ResourceContext) -> Procedure[Mapping[str, Any]]:
    """The answer to the call that sends a request; an empty one when the custom resource's answer comes first.

    After a server error the call is repeated. Unless the server has not received the call, it may have run the
    function, so that a physical id is recorded for a creation.
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
                raise ResourceFailed(_failure_text(outcome, call.service, message, context, fault.message)) from fault
        yield Wait(LATER_WAIT)
        if (yield from _response(message["RequestId"], context)) is not None:
            break
    return EMPTY


def _failure_text(outcome: str, service: str, message: Mapping[str, Any], context: ResourceContext, reason: str) -> str:
    """The reason of a resource whose request could not be sent, with advice on how to continue."""
    server = f"name a server that runs it (moyai up --delegate {service}=URL)"
    if message["RequestType"] != "Delete":
        advice = f"{server}, and repeat the operation"
    elif context.stack.status is StackStatus.DELETE_IN_PROGRESS:
        command = f"delete-stack --retain-resources {message['LogicalResourceId']}"
        advice = f"keep the resource ({command}), or {server}, and repeat the operation"
    else:
        identifier = message["PhysicalResourceId"]
        advice = f"{server}, and delete {identifier} yourself where the stack does not have it any more"
    request = f"the {message['RequestType']} request {message['RequestId']}"
    return f"{outcome} for {request}: {reason[:_LONGEST_REASON]}. To go on, {advice}."


def _request_call(service_token: str, message: str) -> Call:
    """The call that sends a request to the function or topic. Raises ResourceFailed for another token."""
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
    """The value with texts in place of other scalars, the form in which functions get properties."""
    if isinstance(value, Mapping):
        return {name: _texts(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(element) for element in value]
    return json.dumps(value) if isinstance(value, bool | int | float) else value
