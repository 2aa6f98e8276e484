"""Wait conditions, and the handles that signals are sent to.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Identified, Procedure, ResourceFailed, Signals, Wait
from moyai.stacks.types.resource_type import LATER_WAIT, StackResourceType

HANDLE: Final = "AWS::CloudFormation::WaitConditionHandle"
CONDITION: Final = "AWS::CloudFormation::WaitCondition"
LONGEST: Final = 43_200
"""Seconds that a condition may wait."""
_DEFAULT_SECONDS: Final = 300
"""Seconds that a resource waits whose CreationPolicy has no Timeout."""
_DURATION: Final = re.compile(r"PT(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?")


class WaitConditionHandle(StackResourceType, frozen=True):
    """The type of handles. A handle is a URL whose token serves as its secret."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Record the handle's URL."""
        identifier = existing or f"http://{context.api}/_moyai/signal?token={context.token}"
        yield Identified(identifier)
        return PhysicalResource(identifier, properties, identifier)


class WaitCondition(StackResourceType, frozen=True):
    """The type of conditions. A condition waits for signals to its handle or, with a CreationPolicy, to itself."""

    def must_replace(self, before: Properties, after: Properties) -> frozenset[str]:
        """No property, because a condition can't be changed."""
        del before, after
        return frozenset()

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Wait for the signals."""
        identifier = f"{context.stack.arn}/{context.logical_id}"
        if existing is None:
            yield Identified(identifier)
        count, seconds, token = _expected_signals(properties, context)
        while True:
            answer = yield Signals(token)
            successes, failure = answer["successes"], answer["failure"]
            if failure is not None:
                raise ResourceFailed(
                    f"WaitCondition received failed message: '{failure[1]}' for uniqueId: {failure[0]}"
                )
            if len(successes) >= count:
                data = json.dumps(successes)
                return PhysicalResource(identifier, properties, identifier, {"Data": data})
            if answer["seconds"] >= seconds:
                raise ResourceFailed(_timeout_reason(len(successes), count, context))
            yield Wait(LATER_WAIT)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Refuse a change. A rollback has nothing to do, because nothing was changed."""
        del context, attempted
        yield from ()
        if resource.properties != after:
            raise ResourceFailed(f"Update to resource type {self.name} is not supported.")
        return resource


def waiting_rows() -> tuple[StackResourceType, ...]:
    """The rows of handles and conditions."""
    handle = WaitConditionHandle(HANDLE, "", "", "", None, lambda _: {})
    arranged = frozenset({"Count", "Handle", "Timeout"})
    return handle, WaitCondition(CONDITION, "", "", "", None, lambda _: {}, arranged=arranged)


def signal_policy(policy: Mapping[str, Any]) -> tuple[int, int] | None:
    """The count and the seconds of a CreationPolicy; None when it is not a well-formed ResourceSignal."""
    match policy:
        case {"ResourceSignal": dict() as signal} if len(policy) == 1 and signal.keys() <= {"Count", "Timeout"}:
            timeout = _DURATION.fullmatch(str(signal.get("Timeout", f"PT{_DEFAULT_SECONDS}S")))
            count = str(signal.get("Count", 1))
            if timeout is None or not any(timeout.groups()) or not count.isdecimal():
                return None
            hours, minutes, seconds = (int(part or 0) for part in timeout.groups())
            total = hours * 3600 + minutes * 60 + seconds
            return (int(count[:5]), total) if total <= LONGEST else None
        case _:
            return None


def _expected_signals(properties: Properties, context: ResourceContext) -> tuple[int, float, str]:
    """The number of signals that a condition waits for, the seconds, and the token of the signalled resource.

    Raises ResourceFailed for malformed properties.
    """
    policy = signal_policy(context.creation_policy)
    if policy is not None:
        return *policy, context.token
    try:
        count, seconds = int(properties.get("Count", 1)), float(properties["Timeout"])
        [token] = parse_qs(urlsplit(str(properties["Handle"])).query)["token"]
    except (KeyError, OverflowError, TypeError, ValueError):
        raise ResourceFailed(
            "A WaitCondition requires a Handle and a Timeout, a number of seconds, or a CreationPolicy."
        ) from None
    if not 0 <= seconds <= LONGEST:
        raise ResourceFailed(f"The Timeout of a WaitCondition must be between 0 and {LONGEST}.")
    return count, seconds, token


def _timeout_reason(received: int, count: int, context: ResourceContext) -> str:
    if context.creation_policy:
        return f"Failed to receive {count - received} resource signal(s) within the specified duration"
    return f"WaitCondition timed out. Received {received} conditions when expecting {count}"
