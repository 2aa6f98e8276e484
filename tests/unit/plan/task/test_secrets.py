"""A container's secrets: what valueFrom means, and what a task becomes that can't have them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.environment import ContainerSecret
from moyai.domain.ecs.task import StopCode, Task, TaskStatus
from moyai.domain.ecs.value_from import SecretReference, parse
from moyai.domain.secretsmanager.secret import ManagedSecret, SecretVersion
from moyai.domain.ssm.parameter import Parameter, ParameterReference, ParameterType, ParameterVersion, parameter_arn
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import SecretArn
from moyai.kernel.secret import Secret
from moyai.plan.action import StartContainer
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.environment import Unresolved, resolve_secrets
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import case_of, put, step

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-abc123"
NOW = Instant(0)


def build_with_secrets() -> Builder:
    build = Builder()
    versions = (
        SecretVersion("one", Secret('{"user":"old"}'), NOW, ("AWSPREVIOUS",)),
        SecretVersion("two", Secret('{"user":"ann","port":5432}'), NOW, ("AWSCURRENT",)),
        SecretVersion("raw", Secret("AAE="), NOW, ("RAW",), binary=True),
    )
    parameter = Parameter(
        parameter_arn(SCOPE, "/shop/db"),
        "/shop/db",
        ParameterType.SECURE_STRING,
        (ParameterVersion(3, Secret("older"), NOW, ""), ParameterVersion(4, Secret("newer"), NOW, "")),
    )
    build.book.apply([Put(ManagedSecret(SecretArn(ARN), "db", NOW, NOW, versions)), Put(parameter)])
    return build


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (ARN, SecretReference(ARN)),
        (f"{ARN}:user::", SecretReference(ARN, "user")),
        (f"{ARN}::AWSPREVIOUS:", SecretReference(ARN, "", "AWSPREVIOUS")),
        (f"{ARN}:::v", SecretReference(ARN, "", "", "v")),
        (f"{ARN}:user", None),
        (f"{ARN}:a:b:c:d", None),
        ("arn:aws:secretsmanager:us-east-1:123456789012:db", None),
        ("/a/b", ParameterReference(parameter_arn(SCOPE, "/a/b"), "/a/b", "")),
        (parameter_arn(SCOPE, "a"), ParameterReference(parameter_arn(SCOPE, "a"), None, "")),
        ("a b", None),
        ("arn:aws:s3:::bucket/key", None),
        ("", None),
    ],
)
def test_value_from_is_parsed(text, meant):
    assert parse(text, SCOPE) == meant


@pytest.mark.parametrize(
    ("value_from", "value"),
    [
        (ARN, '{"user":"ann","port":5432}'),
        (ARN.rpartition("-")[0], '{"user":"ann","port":5432}'),
        (f"{ARN}:user::", "ann"),
        (f"{ARN}:port::", "5432"),
        (f"{ARN}:user:AWSPREVIOUS:", "old"),
        (f"{ARN}:user::one", "old"),
        ("/shop/db", "newer"),
        ("/shop/db:3", "older"),
        (parameter_arn(SCOPE, "/shop/db"), "newer"),
    ],
)
def test_a_secrets_value_is_read(value_from, value):
    build = build_with_secrets()
    assert resolve_secrets(build.world, SCOPE, (ContainerSecret("X", value_from),), NOW) == {"X": Secret(value)}


@pytest.mark.parametrize(
    ("value_from", "why"),
    [
        ("/none", "invalid ssm parameters: /none"),
        ("/shop/db:9", "invalid ssm parameters: /shop/db:9"),
        (parameter_arn(SCOPE, "/shop/db").replace("123456789012", "111122223333"), "invalid ssm parameters: arn"),
        (ARN.replace(":db", ":no"), "can't find the specified secret."),
        (f"{ARN}:none::", "did not contain json key none"),
        (f"{ARN}::RAW:", "the secret is binary"),
        (f"{ARN}::none:", "secret value for staging label: none"),
        (f"{ARN}:::none", "secret value for VersionId: none"),
    ],
)
def test_missing_secrets_have_a_reason(value_from, why):
    build = build_with_secrets()
    with pytest.raises(Unresolved, match=why) as raised:
        resolve_secrets(build.world, SCOPE, (ContainerSecret("X", value_from),), NOW)
    assert str(raised.value).startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
    assert "ann" not in str(raised.value)


def pending(build: Builder, value_from: str) -> Task:
    made = replace(container(), secrets=(ContainerSecret("PASSWORD", value_from),))
    task = build.world.tasks[build.run(build.definition("s", made))]
    return put(build, task.arn, last_status=TaskStatus.PENDING, pull_stopped_at=NOW)


def test_a_task_uses_the_secrets_value_at_its_start():
    build = build_with_secrets()
    task = pending(build, f"{ARN}:user::")
    (start,) = step(build, task.arn).effects
    assert isinstance(start, StartContainer)
    assert start.container.environment["PASSWORD"] == Secret("ann")
    assert "ann" not in repr(start)
    assert "ann" not in repr(build.world.tasks[task.arn])


def test_a_task_without_its_secret_fails_to_start():
    build = build_with_secrets()
    task = pending(build, "/none")
    assert step(build, task.arn).effects == ()
    stopped = build.world.tasks[task.arn]
    assert (stopped.stop_code, stopped.last_status) == (StopCode.TASK_FAILED_TO_START, TaskStatus.STOPPING)
    assert "unable to retrieve secrets from ssm" in (stopped.stopped_reason or "")


def test_a_secret_does_not_override_ecs_variables():
    build = build_with_secrets()
    made = replace(container(), secrets=(ContainerSecret("AWS_EXECUTION_ENV", "/shop/db"),))
    task = build.world.tasks[build.run(build.definition("s", made))]
    variables = container_spec(case_of(build.world, task), task.containers[0]).environment
    assert variables["AWS_EXECUTION_ENV"] == f"AWS_ECS_{task.launch_type}"
