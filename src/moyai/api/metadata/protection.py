"""The endpoint by which a task protects itself. Pure.

Promise: a task reads and changes its own protection and nobody else's, as ``UpdateTaskProtection`` would; it needs a
task role, as on AWS, whose agent asks with the role's keys.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from moyai.api.ecs.tasks.protection import check_minutes, expiry, with_protection
from moyai.api.metadata.answer import Answer, caller
from moyai.api.metadata.credentials import task_role
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.clock import Instant

MAX_BODY: Final = 1024
"""Bytes of a request; what is longer is no protection."""
METHODS: Final = frozenset({"GET", "PUT"})
_PATH: Final = re.compile(r"/api/([0-9a-f]{32}-[0-9]{1,12})/task-protection/v1/state")
_OK, _BAD, _NONE = 200, 400, 404


class Said(NamedTuple):
    """The answer, and the task as it is to be kept when it changes."""

    answer: Answer
    task: Task | None = None


class _State(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """What a task asks for."""

    protection_enabled: bool
    expires_in_minutes: int | None = None


_READER = msgspec.json.Decoder(_State)


def is_protection(path: str) -> bool:
    """Whether this endpoint is meant."""
    return path.startswith("/api/")


def protection(world: World, path: str, peer: str, body: bytes | None, now: Instant) -> Said:
    """The answer to a PUT with this body, or to a GET where it is None."""
    asked = _PATH.fullmatch(path)
    found = None if asked is None else caller(world, asked[1], peer)
    if found is None:
        return Said(Answer(_NONE, "There is nothing under this path for this task."))
    task, _ = found
    if task_role(world, task) is None:
        text = "Invalid Request: no task IAM role credentials available for task"
        return Said(_error(task, "AccessDeniedException", text))
    return Said(_shown(task, now)) if body is None else _changed(task, body, now)


def _changed(task: Task, body: bytes, now: Instant) -> Said:
    try:
        state = _READER.decode(body)
        check_minutes(state.expires_in_minutes)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidParameter) as error:
        return Said(_error(task, "InvalidParameterException", str(error)))
    until = expiry(now, state.expires_in_minutes) if state.protection_enabled else None
    made = with_protection(task, until)
    if isinstance(made, str):
        return Said(Answer(_OK, {"failure": {"Arn": task.arn, "Detail": None, "Reason": made}}))
    return Said(_shown(made, now), made)


def _shown(task: Task, now: Instant) -> Answer:
    holds = task.is_protected(now)
    ends = task.protected_until if holds else None
    date = None if ends is None else datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = {"ExpirationDate": date, "ProtectionEnabled": holds, "TaskArn": task.arn}
    return Answer(_OK, {"protection": state})


def _error(task: Task, code: str, message: str) -> Answer:
    return Answer(_BAD, {"error": {"Arn": task.arn, "Code": code, "Message": message}})
