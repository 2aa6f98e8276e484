"""Why a task found no container instance, in AWS's words: for RunTask's failures and for a service's events.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ContainerInstanceArn


class Reason(StrEnum):
    """Why an instance can't have the task; the reasons are checked in this order."""

    AGENT = "AGENT"
    LOCATION = "LOCATION"
    ATTRIBUTE = "ATTRIBUTE"
    CPU = "RESOURCE:CPU"
    MEMORY = "RESOURCE:MEMORY"
    GPU = "RESOURCE:GPU"
    PORTS = "RESOURCE:PORTS"
    ENI = "RESOURCE:ENI"
    MEMBER_OF = "MemberOf placement constraint unsatisfied."
    DISTINCT_INSTANCE = "DistinctInstance placement constraint unsatisfied."


NO_INSTANCES = "No Container Instances were found in your cluster."
NO_INSTANCES_OF_PROVIDER = "No Container Instances were found in your capacity provider."
_UNPLACED = "was unable to place a task because no container instance met all of its requirements."
_MORE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
_ORDER = tuple(Reason)


class Refusal(msgspec.Struct, frozen=True):
    """An instance that can't have the task."""

    instance: ContainerInstanceArn
    reason: Reason


class Unplaced(MoyaiError):
    """No container instance can have the task. ``refusals`` has an entry for each instance that was considered."""

    def __init__(self, refusals: tuple[Refusal, ...] = (), *, of_provider: bool = False) -> None:
        self.refusals = refusals
        self._none = NO_INSTANCES_OF_PROVIDER if of_provider else NO_INSTANCES
        super().__init__(refusals[0].reason if refusals else self._none)

    @property
    def event(self) -> str:
        """The text of the service's event. It names the instance that failed the latest of the checks."""
        if not self.refusals:
            return f"{_UNPLACED} Reason: {self._none}"
        closest = max(self.refusals, key=lambda refusal: _ORDER.index(refusal.reason))
        identity = closest.instance.rpartition("/")[2]
        return f"{_UNPLACED} The closest matching (container-instance {identity}) {_sentence(closest.reason)} {_MORE}"


def _sentence(reason: Reason) -> str:
    match reason:
        case Reason.CPU:
            return "has insufficient CPU units available."
        case Reason.MEMORY:
            return "has insufficient memory available."
        case Reason.PORTS:
            return "is already using a port required by your task."
        case Reason.ATTRIBUTE:
            return "is missing an attribute required by your task."
        case _:
            return f'encountered error "{reason}".'
