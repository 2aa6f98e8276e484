"""A container's environment at the moment it starts: variables, environment files, secrets, and what ECS adds.

Promise: files and secrets are read when a container starts, never when its definition is registered, and their values
stay ``Secret``. A task reads secrets of its own account, in any region. Between two environment files, the first one
that has a variable wins; a file's text is taken as it is, without removing quotes or replacing ``$``. A value that
can't be read fails the task, with the message of AWS's agent.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.domain.ecs import metadata
from moyai.domain.ecs.environment import ContainerSecret, EnvironmentFile
from moyai.domain.ecs.task import Container, ContainerOverride, role_of
from moyai.domain.ecs.task_definition import ContainerDefinition
from moyai.domain.ecs.value_from import SecretReference, parse
from moyai.domain.keys import scope_of
from moyai.domain.queries.secrets import find_secret
from moyai.domain.sandbox.pull import RegistryCredentials
from moyai.domain.secretsmanager.secret import SecretVersion
from moyai.domain.ssm.parameter import ParameterReference
from moyai.domain.sts.session import credentials_id
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret
from moyai.plan.task.context import TaskContext
from moyai.plan.task.log_router import router_secrets, router_variables

_UNABLE_TO_PULL = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve"
)
_RETRY_TEXT = "service call has been retried 1 time(s)"
_NO_SUCH_FILE = (
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
    "NoSuchKey: The specified key does not exist."
)
_ACCESS_KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
"""A container with keys of its own does not use those of its role, and moyai would not know them."""
_BYTE_ORDER_MARK = "\ufeff"


class Unresolved(MoyaiError):
    """A value of the environment can't be read, so the task can't start; the text is its stoppedReason."""


class _RegistrySecret(msgspec.Struct, frozen=True):
    """The content of a secret that ``repositoryCredentials`` names."""

    username: str
    password: str


_REGISTRY_SECRET = msgspec.json.Decoder(_RegistrySecret)


class _SecretUnavailable(Exception):
    """Why a secret of Secrets Manager can't be read."""


def container_environment(
    context: TaskContext, container: Container, override: ContainerOverride
) -> Mapping[str, str | Secret]:
    """The variables of one container. Later ones win: the region, environment files, then the definition, the override,
    secrets, and what ECS adds to every container. A container with the keys of a role reaches moyai's API, unless a
    variable names another. Raises Unresolved.
    """
    task, container_definition = context.task, context.definition_of(container)
    scope = scope_of(task.arn)
    option_secrets = router_secrets(context.definition, container_definition)
    identity = metadata.runtime_id(container.arn)
    base = f"http://{metadata.ADDRESS}"
    credentials_address = _credentials_address(context)
    variables: Mapping[str, str | Secret] = {
        "AWS_DEFAULT_REGION": scope.region,
        "AWS_REGION": scope.region,
        **_read_files(context.world, override.environment_files or container_definition.environment_files or ()),
        **{e.name: e.value for e in (*container_definition.environment, *(override.environment or ()))},
        **resolve_secrets(context.world, scope, (*(container_definition.secrets or ()), *option_secrets), context.now),
        **router_variables(task, container_definition),
        **credentials_address,
        **({"NVIDIA_VISIBLE_DEVICES": ",".join(container.gpu_ids)} if container.gpu_ids else {}),
        "AWS_EXECUTION_ENV": f"AWS_ECS_{task.launch_type}",
        "ECS_AGENT_URI": f"{base}/api/{identity}",
        "ECS_CONTAINER_METADATA_URI": f"{base}/v3/{identity}",
        "ECS_CONTAINER_METADATA_URI_V4": f"{base}/v4/{identity}",
    }
    if not credentials_address or _ACCESS_KEY_VARIABLE in variables:
        return variables
    return {"AWS_ENDPOINT_URL": f"http://{metadata.ADDRESS}:{metadata.API_PORT}", **variables}


def resolve_secrets(
    world: World, scope: Scope, secrets: Iterable[ContainerSecret], now: Instant
) -> Mapping[str, Secret]:
    """The values of the secrets, by the variables that they go to. Raises Unresolved."""
    values: dict[str, Secret] = {}
    missing: list[str] = []
    for secret in secrets:
        reference = parse(secret.value_from, scope)
        value = _parameter_value(world, scope, reference) if isinstance(reference, ParameterReference) else None
        if isinstance(reference, SecretReference):
            value = _secret_value(world, scope, reference, now)
        if value is None:
            missing.append(secret.value_from)
        else:
            values[secret.name] = value
    if missing:
        names = ", ".join(missing)
        raise Unresolved(f"{_UNABLE_TO_PULL} secrets from ssm: {_RETRY_TEXT}: invalid ssm parameters: {names}")
    return values


def registry_credentials(
    world: World, scope: Scope, container_definition: ContainerDefinition, now: Instant
) -> RegistryCredentials | None:
    """The credentials that a container's ``repositoryCredentials`` name, for the registry of its image. Raises
    Unresolved.
    """
    if container_definition.repository_credentials is None:
        return None
    secret = container_definition.repository_credentials.credentials_parameter
    value = _secret_value(world, scope, SecretReference(secret), now)
    try:
        login = _REGISTRY_SECRET.decode(value.reveal())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = f"the secret {secret} is not a JSON object with the keys username and password"
        raise Unresolved(f"{_UNABLE_TO_PULL} registry auth from asm: {why}") from error
    return RegistryCredentials(login.username, Secret(login.password))


def variables_in(body: Secret) -> Mapping[str, Secret]:
    """The variables of an environment file's ``NAME=VALUE`` lines. Lines that begin with ``#``, have no ``=`` or no
    name are left out; the last value of a name wins.
    """
    lines = (line.removesuffix("\r") for line in body.reveal().removeprefix(_BYTE_ORDER_MARK).split("\n"))
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: Secret(value) for name, equals, value in pairs if name and equals}


def _read_files(world: World, files: Iterable[EnvironmentFile]) -> Mapping[str, Secret]:
    """The variables of all files. Raises Unresolved."""
    variables: dict[str, Secret] = {}
    for file in files:
        stored_file = world.env_files.get(file.value)
        if stored_file is None:
            raise Unresolved(f"{_NO_SUCH_FILE} ({file.value})")
        variables = {**variables_in(stored_file.body), **variables}
    return variables


def _credentials_address(context: TaskContext) -> Mapping[str, str]:
    """The address of a task's credentials, if it has a role; the task is recognized there by its interface."""
    root = context.world.session_root
    role = role_of(context.task, context.definition.task_role_arn)
    if root is None or role is None or context.task.own_interface is None:
        return {}
    return {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/v2/credentials/{credentials_id(root, context.task.arn)}"}


def _parameter_value(world: World, scope: Scope, reference: ParameterReference) -> Secret | None:
    parameter = world.parameters.get(reference.arn)
    if parameter is None or reference.name not in {None, parameter.name} or not _is_own(reference.arn, scope):
        return None
    version = parameter.version(reference.selector)
    return None if version is None else version.value


def _secret_value(world: World, scope: Scope, reference: SecretReference, now: Instant) -> Secret:
    try:
        version = _secret_version(world, scope, reference, now)
    except _SecretUnavailable as unavailable:
        why = f"failed to fetch secret {reference.arn} from secrets manager: {unavailable}"
        raise Unresolved(f"{_UNABLE_TO_PULL} secret from asm: {_RETRY_TEXT}: {why}") from unavailable
    return version.value if not reference.json_key else _json_value(version.value, reference)


def _secret_version(world: World, scope: Scope, reference: SecretReference, now: Instant) -> SecretVersion:
    secret = find_secret(world, scope, reference.arn, now) if _is_own(reference.arn, scope) else None
    if secret is None:
        raise _SecretUnavailable("ResourceNotFoundException: Secrets Manager can't find the specified secret.")
    if secret.deleted_at is not None:
        raise _SecretUnavailable(
            "InvalidRequestException: You can't perform this operation on the secret because it was marked for "
            "deletion."
        )
    version = secret.version(reference.version) if reference.version else secret.version_with_label(reference.stage)
    if version is None or (reference.stage and reference.stage not in version.stages):
        what = f"VersionId: {reference.version}" if reference.version else f"staging label: {reference.stage}"
        raise _SecretUnavailable(
            f"ResourceNotFoundException: Secrets Manager can't find the specified secret value for {what}"
        )
    if version.binary:
        raise _SecretUnavailable("the secret is binary, and an environment variable is text")
    return version


def _json_value(value: Secret, reference: SecretReference) -> Secret:
    """The value of one key of a JSON object; other values than strings are written as JSON. Errors do not quote it."""
    try:
        content = msgspec.json.decode(value.reveal())
    except msgspec.DecodeError:
        content = None
    if not isinstance(content, dict) or reference.json_key not in content:
        why = f"retrieved secret from Secrets Manager did not contain json key {reference.json_key}"
        raise Unresolved(f"{_UNABLE_TO_PULL} secret from asm: {_RETRY_TEXT}: {why}")
    inside = content[reference.json_key]
    return Secret(inside if isinstance(inside, str) else msgspec.json.encode(inside).decode())


def _is_own(identifier: str, scope: Scope) -> bool:
    """Whether an ARN is of this account; a name always is."""
    return parse_arn(identifier) is None or scope_of(identifier).account == scope.account
