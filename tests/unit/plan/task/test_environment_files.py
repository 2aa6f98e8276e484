"""A container's environment files: what their lines mean, what wins, and what a task becomes without them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.environment import ContainerSecret, EnvironmentFile, EnvironmentFileType, KeyValuePair
from moyai.domain.ecs.task import ContainerOverride, StopCode, Task, TaskOverride, TaskStatus
from moyai.domain.s3.env_file import EnvFile, env_file_arn
from moyai.domain.ssm.parameter import Parameter, ParameterType, ParameterVersion, parameter_arn
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import S3ObjectArn
from moyai.kernel.secret import Secret
from moyai.plan.action import StartContainer
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.environment import variables_in
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import case_of, put, step

NOW = Instant(0)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=1", {"A": "1"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("URL=postgres://u:p@db/x?a=b&c=d==", {"URL": "postgres://u:p@db/x?a=b&c=d=="}),
        ("A=\"quoted\"\nB='so'\nC= spaced ", {"A": '"quoted"', "B": "'so'", "C": " spaced "}),
        ("A=$HOME # all of it", {"A": "$HOME # all of it"}),
        ("#A=1\n# B=2\nC=#3", {"C": "#3"}),
        ("export A=1", {"export A": "1"}),
        ("A\n=1\n\n \nB=", {"B": ""}),
        ("A=1\nA=2", {"A": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=one\u2028two\x0bthree", {"A": "one\u2028two\x0bthree"}),
        ("", {}),
    ],
)
def test_environment_files_are_parsed(body, read):
    assert variables_in(Secret(body)) == {name: Secret(value) for name, value in read.items()}


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("s3://shop/a.env", "arn:aws:s3:::shop/a.env"),
        ("arn:aws:s3:::shop/a/b c:d.env", "arn:aws:s3:::shop/a/b c:d.env"),
        ("s3://shop/.env", "arn:aws:s3:::shop/.env"),
        ("s3://shop/a.ENV", None),
        ("s3://shop", None),
        ("s3://Shop/a.env", None),
        ("s3://sh/a.env", None),
        ("s3://shop/a\n.env", None),
        ("s3://shop/a.env\n", None),
        (f"s3://shop/{'é' * 511}.env", None),
        ("s3://arn:aws:s3:::shop/a.env", None),
        ("shop/a.env", None),
        ("arn:aws:s3:us-east-1:123456789012:shop/a.env", None),
    ],
)
def test_valid_arns_of_environment_files(text, arn):
    assert env_file_arn(text) == arn


def build_with_files(**bodies: str) -> Builder:
    build = Builder()
    files = (
        EnvFile(S3ObjectArn(environment_file(name).value), Secret(body), len(body), NOW)
        for name, body in bodies.items()
    )
    build.book.apply([Put(file) for file in files])
    return build


def environment_file(name: str) -> EnvironmentFile:
    return EnvironmentFile(f"arn:aws:s3:::shop/{name}.env", EnvironmentFileType.S3)


def pending(build: Builder, *names: str, override: ContainerOverride | None = None) -> Task:
    record = replace(
        container(),
        environment=(KeyValuePair("D", "definition"),),
        environment_files=tuple(environment_file(name) for name in names),
        secrets=(ContainerSecret("S", "/s"),),
    )
    task = build.world.tasks[build.run(build.definition("s", record))]
    overrides = TaskOverride(() if override is None else (override,))
    return put(build, task.arn, last_status=TaskStatus.PENDING, pull_stopped_at=NOW, overrides=overrides)


def environment(build: Builder, task: Task) -> dict[str, str]:
    versions = (ParameterVersion(1, Secret("s"), NOW, ""),)
    kept = Parameter(parameter_arn(SCOPE, "/s"), "/s", ParameterType.STRING, versions)
    build.book.apply([Put(kept)])
    found = container_spec(case_of(build.world, task), task.containers[0]).environment
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in found.items()}


def test_variables_have_precedence_over_files():
    build = build_with_files(
        one="A=one\nO=one\nD=one\nS=one\nECS_AGENT_URI=mars", two="A=two\nB=two", other="A=other\nD=other"
    )
    variables = environment(build, pending(build, "one", "two"))
    assert variables | {"A": "one", "B": "two", "O": "one", "D": "definition", "S": "s"} == variables
    assert variables["ECS_AGENT_URI"] != "mars"
    override = ContainerOverride("app", environment=(KeyValuePair("O", "override"),))
    variables = environment(build, pending(build, "one", "two", override=override))
    assert variables | {"A": "one", "O": "override"} == variables
    override = replace(override, environment_files=(environment_file("other"),))
    variables = environment(build, pending(build, "one", "two", override=override))
    assert variables | {"A": "other", "O": "override", "D": "definition"} == variables
    assert "B" not in variables


def test_a_task_uses_the_files_content_at_its_start():
    build = build_with_files(one="PASSWORD=ann")
    task = pending(build, "one")
    assert environment(build, task)["PASSWORD"] == "ann"
    (start,) = step(build, task.arn).effects
    assert isinstance(start, StartContainer)
    assert start.container.environment["PASSWORD"] == Secret("ann")
    assert "ann" not in repr(start)
    assert "ann" not in repr(build.world.tasks[task.arn])


def test_a_task_without_its_file_fails_to_start():
    build = build_with_files(one="A=1")
    task = pending(build, "one", "none")
    assert step(build, task.arn).effects == ()
    stopped = build.world.tasks[task.arn]
    assert (stopped.stop_code, stopped.last_status) == (StopCode.TASK_FAILED_TO_START, TaskStatus.STOPPING)
    assert (stopped.stopped_reason or "").startswith("ResourceInitializationError: failed to download env files: ")
    assert "arn:aws:s3:::shop/none.env" in (stopped.stopped_reason or "")
