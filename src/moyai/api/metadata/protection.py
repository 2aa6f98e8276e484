"""The endpoint at which a task protects itself. Pure.

Promise: a task reads and changes its own protection only, as ``UpdateTaskProtection`` would. It needs a task role, as
on AWS, where the agent calls with the role's credentials.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from moyai.api.ecs.tasks.protection import check_minutes, expiry, with_protection
from moyai.api.metadata.answer import MetadataResponse, caller
from moyai.api.metadata.credentials import task_role
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.clock import Instant

MAX_BODY: Final = 1024
"""Bytes of a request body."""
METHODS: Final = frozenset({"GET", "PUT"})
_PATH: Final = re.compile(r"/api/([0-9a-f]{32}-[0-9]{1,12})/task-protection/v1/state")
_OK, _BAD, _NONE = 200, 400, 404


class ProtectionResult(NamedTuple):
    """The response, and the changed task; None when nothing changes."""

    answer: MetadataResponse
    task: Task | None = None


class _State(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """The body of a PUT request."""

    protection_enabled: bool
    expires_in_minutes: int | None = None


_READER = msgspec.json.Decoder(_State)


def is_protection(path: str) -> bool:
    """Whether a path is this endpoint's."""
    return path.startswith("/api/")


def protection(world: World, path: str, peer: str, body: bytes | None, now: Instant) -> ProtectionResult:
    """The response to a PUT with this body, or to a GET where the body is None."""
    match = _PATH.fullmatch(path)
    sender = None if match is None else caller(world, match[1], peer)
    if sender is None:
        return ProtectionResult(MetadataResponse(_NONE, "There is nothing under this path for this task."))
    task, _ = sender
    if task_role(world, task) is None:
        text = "Invalid Request: no task IAM role credentials available for task"
        return ProtectionResult(_error(task, "AccessDeniedException", text))
    return ProtectionResult(_view(task, now)) if body is None else _update(task, body, now)


def _update(task: Task, body: bytes, now: Instant) -> ProtectionResult:
    try:
        state = _READER.decode(body)
        check_minutes(state.expires_in_minutes)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidParameter) as error:
        return ProtectionResult(_error(task, "InvalidParameterException", str(error)))
    until = expiry(now, state.expires_in_minutes) if state.protection_enabled else None
    result = with_protection(task, until)
    if isinstance(result, str):
        return ProtectionResult(MetadataResponse(_OK, {"failure": {"Arn": task.arn, "Detail": None, "Reason": result}}))
    return ProtectionResult(_view(result, now), result)


def _view(task: Task, now: Instant) -> MetadataResponse:
    is_protected = task.is_protected(now)
    ends = task.protected_until if is_protected else None
    date = None if ends is None else datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = {"ExpirationDate": date, "ProtectionEnabled": is_protected, "TaskArn": task.arn}
    return MetadataResponse(_OK, {"protection": state})


def _error(task: Task, code: str, message: str) -> MetadataResponse:
    return MetadataResponse(_BAD, {"error": {"Arn": task.arn, "Code": code, "Message": message}})
