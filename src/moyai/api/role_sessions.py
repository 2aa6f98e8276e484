"""Sessions of roles: requests with a session token that moyai issued to a task, or by STS.

Promise: the gateway verifies their signature, on loopback too; keys are valid until they expire or their task has
stopped. There are no IAM policies here: a task may read, write logs and metrics, and assume roles of its account, with
whose keys it may do no more (docs/decisions/task-roles-read.md). Other callers may do with them what they may do
without.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qs

from moyai.api.wire.http import HttpRequest
from moyai.domain.keys import scope_of
from moyai.domain.sts.session import TOKEN_PREFIX, Claims, SessionKeys, assumed_role_arn, claims_in, issue, role_id
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.errors import AccessDenied, ExpiredToken, UnrecognizedClient
from moyai.kernel.ids import AccountId, TaskArn

INVALID_TOKEN: Final = "The security token included in the request is invalid."  # noqa: S105 (a message)
_READ_PREFIXES: Final = ("BatchGet", "Describe", "Discover", "Filter", "Get", "List")
_WRITES: Final = frozenset({"AssumeRole", "CreateLogStream", "PutLogEvents", "PutMetricData"})


class RoleSession(NamedTuple):
    """The session of a role. As a ``KeyStore`` it knows one key, its own."""

    arn: str
    account: AccountId
    user_id: str
    keys: SessionKeys
    claims: Claims
    task: TaskArn | None
    """The task that may use it; None for one that no task has."""

    def secret(self, access_key: str) -> str | None:
        """The session's secret key; None for another access key."""
        return self.keys.secret.reveal() if access_key == self.keys.access_key else None

    def check(self, service: str, operation: str) -> None:
        """Raises AccessDenied for an operation of a task's session that neither reads nor writes logs or metrics."""
        if self.task is not None and not operation.startswith(_READ_PREFIXES) and operation not in _WRITES:
            raise AccessDenied(
                f"User: {self.arn} is not authorized to perform: {service}:{operation} on resource: * because no "
                f"identity-based policy allows the {service}:{operation} action. Here a task's role may "
                "read, and write logs and metrics."
            )


def is_in_session(request: HttpRequest) -> bool:
    """Whether the request has a token that claims to come from this installation."""
    return _token(request).startswith(TOKEN_PREFIX)


def role_session_of(world: World, request: HttpRequest, now: Instant) -> RoleSession | None:
    """The session of the request's token; None without a token of ours. Raises ExpiredToken, UnrecognizedClient."""
    if not is_in_session(request):
        return None
    root = world.session_root
    claims = None if root is None else claims_in(root, _token(request))
    if root is None or claims is None:
        raise UnrecognizedClient(INVALID_TOKEN)
    if now >= claims.expires:
        raise ExpiredToken("The security token included in the request is expired")
    task = world.tasks.get(claims.task) if claims.task else None
    if claims.task and (task is None or task.stopped):
        raise UnrecognizedClient(INVALID_TOKEN)
    keys = issue(root, claims)
    account = AccountId(claims.account) if claims.account or task is None else scope_of(task.arn).account
    task_arn = None if task is None else task.arn
    if not claims.role:
        return RoleSession(f"arn:aws:iam::{account}:root", account, account, keys, claims, task_arn)
    name = claims.session if claims.session or task is None else task.id
    arn, user_id = assumed_role_arn(account, claims.role, name), f"{role_id(claims.role)}:{name}"
    return RoleSession(arn, account, user_id, keys, claims, task_arn)


def _token(request: HttpRequest) -> str:
    header = request.headers.get("x-amz-security-token", "")
    if header or "X-Amz-Security-Token=" not in request.query:
        return header
    return parse_qs(request.query).get("X-Amz-Security-Token", [""])[-1]
