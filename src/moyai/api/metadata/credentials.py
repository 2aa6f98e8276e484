"""The credentials of a task's role, at AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. Pure.

Promise: a task gets its own credentials only: the path cannot be guessed, and the request must come from the task's own
address. Credentials change every hour, and are valid for at least five more hours.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Final

from moyai.api.metadata.answer import MetadataResponse
from moyai.domain.ecs.task import Task, role_of
from moyai.domain.sts.session import Claims, credentials_id, issue
from moyai.domain.world import World
from moyai.kernel.clock import Instant

PREFIX: Final = "/v2/credentials/"
_HOUR: Final = 3600
_HOURS: Final = 6


def credentials(world: World, path: str, peer: str, now: Instant) -> MetadataResponse:
    """The credentials of the task that sent the request; 404 discloses nothing."""
    identity = path.removeprefix(PREFIX)
    root = world.session_root
    tasks = world.tasks.each("own_address", peer)
    task = next((t for t in tasks if root is not None and _same(credentials_id(root, t.arn), identity)), None)
    role = None if task is None else task_role(world, task)
    if root is None or task is None or role is None:
        return MetadataResponse(404, "There are no credentials under this path for this task.")
    expires = (int(now) // _HOUR + _HOURS) * _HOUR
    keys = issue(root, Claims(task.arn, role, expires))
    body = {
        "RoleArn": role,
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret.reveal(),
        "Token": keys.token,
        "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return MetadataResponse(200, body)


def task_role(world: World, task: Task) -> str | None:
    """The role of a task; None when it has none."""
    definition = world.task_definitions.get(task.task_definition)
    return None if definition is None else role_of(task, definition.task_role_arn)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
