"""What a container's secrets are at the moment it starts.

Promise: values are read when a container starts, never when its definition is registered, and stay ``Secret``. A task
reads what its own account has, in any region. What can't be had is told in the words of AWS's agent.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.domain.ecs.environment import ContainerSecret
from moyai.domain.ecs.value_from import SecretReference, parse
from moyai.domain.keys import scope_of
from moyai.domain.queries.secrets import find_secret
from moyai.domain.secretsmanager.secret import SecretVersion
from moyai.domain.ssm.parameter import Selected
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret

_PULLING = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve"
)
_RETRIED = "service call has been retried 1 time(s)"


class Unresolved(MoyaiError):
    """The task can't start; the text is its stoppedReason."""


class _Absent(Exception):
    """Why a secret of Secrets Manager can't be had."""


def resolve(world: World, scope: Scope, secrets: Iterable[ContainerSecret], now: Instant) -> Mapping[str, Secret]:
    """The values by the variables that they go to. Raises Unresolved."""
    found: dict[str, Secret] = {}
    missing: list[str] = []
    for secret in secrets:
        reference = parse(secret.value_from, scope)
        value = _parameter(world, scope, reference) if isinstance(reference, Selected) else None
        if isinstance(reference, SecretReference):
            value = _managed(world, scope, reference, now)
        if value is None:
            missing.append(secret.value_from)
        else:
            found[secret.name] = value
    if missing:
        raise Unresolved(f"{_PULLING} secrets from ssm: {_RETRIED}: invalid ssm parameters: {', '.join(missing)}")
    return found


def _parameter(world: World, scope: Scope, asked: Selected) -> Secret | None:
    parameter = world.parameters.get(asked.arn)
    if parameter is None or asked.name not in {None, parameter.name} or not _own(asked.arn, scope):
        return None
    version = parameter.version(asked.selector)
    return None if version is None else version.value


def _managed(world: World, scope: Scope, asked: SecretReference, now: Instant) -> Secret:
    try:
        version = _version(world, scope, asked, now)
    except _Absent as absent:
        why = f"failed to fetch secret {asked.arn} from secrets manager: {absent}"
        raise Unresolved(f"{_PULLING} secret from asm: {_RETRIED}: {why}") from absent
    return version.value if not asked.json_key else _inside(version.value, asked)


def _version(world: World, scope: Scope, asked: SecretReference, now: Instant) -> SecretVersion:
    found = find_secret(world, scope, asked.arn, now) if _own(asked.arn, scope) else None
    if found is None:
        raise _Absent("ResourceNotFoundException: Secrets Manager can't find the specified secret.")
    if found.deleted_at is not None:
        raise _Absent(
            "InvalidRequestException: You can't perform this operation on the secret because it was marked for "
            "deletion."
        )
    version = found.version(asked.version) if asked.version else found.staged(asked.stage)
    if version is None or (asked.stage and asked.stage not in version.stages):
        what = f"VersionId: {asked.version}" if asked.version else f"staging label: {asked.stage}"
        raise _Absent(f"ResourceNotFoundException: Secrets Manager can't find the specified secret value for {what}")
    if version.binary:
        raise _Absent("the secret is binary, and an environment variable is text")
    return version


def _inside(value: Secret, asked: SecretReference) -> Secret:
    """One key of a JSON value. What is no text is written as JSON. What can't be read is not quoted."""
    try:
        read = msgspec.json.decode(value.reveal())
    except msgspec.DecodeError:
        read = None
    if not isinstance(read, dict) or asked.json_key not in read:
        why = f"retrieved secret from Secrets Manager did not contain json key {asked.json_key}"
        raise Unresolved(f"{_PULLING} secret from asm: {_RETRIED}: {why}")
    inside = read[asked.json_key]
    return Secret(inside if isinstance(inside, str) else msgspec.json.encode(inside).decode())


def _own(arn: str, scope: Scope) -> bool:
    return scope_of(arn).account == scope.account
