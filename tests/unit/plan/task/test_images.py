"""Which image the containers of a task run, and when it is pulled."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import Container, ContainerStatus, StopCode, TaskStatus
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    RepositoryCredentials,
    RuntimePlatform,
    VersionConsistency,
)
from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullProgress, PullState, RegistryCredentials
from moyai.domain.sandbox.state import SandboxState
from moyai.domain.secretsmanager.secret import CURRENT, ManagedSecret, SecretVersion
from moyai.domain.world import Observed, Put
from moyai.kernel.ids import SecretArn
from moyai.kernel.secret import Secret
from moyai.plan.action import PullImages, StartContainer
from moyai.plan.task.images import SLOW_PULL, image_pulls, pin_images, revision_of
from moyai.plan.task.lifecycle import plan_task
from moyai.testing.world import Builder
from tests.unit.plan import tasks
from tests.unit.plan.tasks import case_of, put, schedule

WEB, SIDE = "shop/web:1", "shop/side:1"
PULLING = PullState(PullPhase.PULLING)


def create_tasks(*, disabled: bool = False):
    """A service of three tasks with two containers each, none of which has begun."""
    build = Builder()
    consistency = VersionConsistency.DISABLED if disabled else None
    web = ContainerDefinition("web", WEB, version_consistency=consistency)
    made = build.service("s", build.definition("s", web, ContainerDefinition("side", SIDE)), 3)
    schedule(build, made)
    return build, build.tasks(made)


def pin(build, task, **digests):
    """The digests of the task's containers, once these were pulled; what becomes of its revision is recorded."""
    pulls = {name: pulled_state(digest) for name, digest in digests.items()}
    case = replace(case_of(build.world, task), sandbox=SandboxState(task.id, pulls=pulls))
    containers, changes = pin_images(case)
    build.book.apply(changes)
    return {c.name: c.image_digest for c in containers}


def pulled_state(digest):
    return PullState(PullPhase.PULLED, digest)


def pending(build, task):
    """The task, when its sandbox is made and nothing is pulled."""
    return put(build, task.arn, last_status=TaskStatus.PENDING, pull_started_at=build.clock.now())


def revision(build, task):
    """The digests that are pinned for the task's revision."""
    known = revision_of(build.world, task)
    assert known is not None
    return known.images


def test_all_tasks_of_a_revision_run_what_the_first_one_pulled():
    build, (first, second, _) = create_tasks()
    digests = {"web": "sha256:1", "side": "sha256:a"}
    assert pin(build, first, **digests) == digests
    assert pin(build, second, web="sha256:2", side="sha256:b") == digests
    assert revision(build, first) == digests


def test_an_image_without_a_digest_is_not_pinned():
    """The machine's own root has none."""
    build, (first, second, _) = create_tasks()
    assert pin(build, first, web="sha256:1") == {"web": "sha256:1", "side": None}
    assert pin(build, second, web="sha256:2", side="sha256:b") == {"web": "sha256:1", "side": "sha256:b"}


def test_where_it_is_disabled_each_task_runs_what_it_pulled():
    build, (first, second, _) = create_tasks(disabled=True)
    pin(build, first, web="sha256:1", side="sha256:a")
    assert pin(build, second, web="sha256:2", side="sha256:b") == {"web": "sha256:2", "side": "sha256:a"}
    assert revision(build, first) == {"side": "sha256:a"}


def test_a_new_deployment_pins_anew_and_the_old_one_keeps_its_own():
    build, (first, *_) = create_tasks()
    pin(build, first, web="sha256:1")
    assert first.service is not None
    build.deploy(first.service, build.world.task_definitions[first.task_definition])
    schedule(build, first.service)
    later = next(t for t in build.tasks(first.service) if t.deployment != first.deployment)
    assert pin(build, later, web="sha256:2")["web"] == "sha256:2"
    assert pin(build, first, web="sha256:2")["web"] == "sha256:1"


def test_a_task_without_a_service_runs_what_it_pulled():
    build = Builder()
    task = build.world.tasks[build.run(build.definition("one", ContainerDefinition("web", WEB)))]
    assert pin(build, task, web="sha256:1") == {"web": "sha256:1"}
    assert revision_of(build.world, task) is None


def test_a_proxy_has_no_image():
    build, (first, *_) = create_tasks()
    proxied = replace(first, containers=(*first.containers, Container(first.containers[0].arn, "proxy", is_proxy=True)))
    assert pin(build, proxied, web="sha256:1") == {"web": "sha256:1", "side": None, "proxy": None}
    assert [p.container for p in image_pulls(case_of(build.world, proxied))] == ["web", "side"]


def test_no_container_starts_before_all_images_are_pulled():
    build, (first, *_) = create_tasks()
    pending(build, first)
    expected = (ImagePull("web", WEB), ImagePull("side", SIDE))
    for pulls in ({}, {"web": pulled_state("sha256:1")}, {"web": pulled_state("sha256:1"), "side": PULLING}):
        plan = tasks.step(build, first.arn, pulls=pulls)
        assert (plan.changes, plan.effects) == ((), (PullImages(first.id, expected),))
    build.clock.turn_to(build.clock.now() + 7)
    starts = tasks.step(build, first.arn, pulls={"web": pulled_state("sha256:1"), "side": pulled_state(None)}).effects
    task = build.world.tasks[first.arn]
    assert (task.pull_stopped_at, task.last_status) == (build.clock.now(), TaskStatus.PENDING)
    assert [(e.container.name, e.container.digest) for e in starts if isinstance(e, StartContainer)] == [
        ("web", "sha256:1"),
        ("side", None),
    ]


def test_a_task_whose_tag_has_moved_pulls_what_its_revision_has_pinned():
    build, (first, second, _) = create_tasks()
    pending(build, second)
    pin(build, first, web="sha256:1", side="sha256:a")
    plan = tasks.step(build, second.arn, pulls={"web": pulled_state("sha256:2"), "side": pulled_state("sha256:a")})
    pinned = (ImagePull("web", WEB, "sha256:1"), ImagePull("side", SIDE, "sha256:a"))
    assert plan.effects == (PullImages(second.id, pinned),)
    tasks.step(build, second.arn, pulls={"web": pulled_state("sha256:1"), "side": pulled_state("sha256:a")})
    assert [c.image_digest for c in build.world.tasks[second.arn].containers] == ["sha256:1", "sha256:a"]


def test_a_failed_pull_ends_the_task_with_the_reason_of_each_image():
    build, (first, *_) = create_tasks()
    pending(build, first)
    reason = "CannotPullContainerError: no such tag"
    failed = PullState(PullPhase.FAILED, reason=reason)
    tasks.step(build, first.arn, pulls={"web": PULLING, "side": failed})
    task = build.world.tasks[first.arn]
    assert (task.stop_code, task.stopped_reason) == (StopCode.TASK_FAILED_TO_START, reason)
    assert [c.reason for c in task.containers] == [None, reason]
    assert task.pull_stopped_at == build.clock.now()
    tasks.step(build, first.arn, pulls={})
    assert {c.last_status for c in build.world.tasks[first.arn].containers} == {ContainerStatus.STOPPED}


def test_the_processor_of_the_definition_decides():
    build, (first, *_) = create_tasks()
    definition = build.world.task_definitions[first.task_definition]
    build.book.apply([Put(replace(definition, runtime_platform=RuntimePlatform(cpu_architecture="ARM64")))])
    assert {p.architecture for p in image_pulls(case_of(build.world, first))} == {"ARM64"}


def test_a_registrys_credentials_come_from_a_secret():
    build, (first, *_) = create_tasks()
    with_credentials(build, first, "registry", '{"username": "me", "password": "pw", "more": 1}')
    pending(build, first)
    (effect,) = tasks.step(build, first.arn, pulls={}).effects
    assert isinstance(effect, PullImages)
    assert [p.credentials for p in effect.images] == [RegistryCredentials("me", Secret("pw")), None]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("other", '{"username": "me", "password": "pw"}', "Secrets Manager can't find the specified secret"),
        ("registry", '{"username": "me"}', "is not a JSON object with the keys username and password"),
        ("registry", "me:pw", "is not a JSON object with the keys username and password"),
    ],
)
def test_a_task_whose_credentials_cannot_be_had_ends(name, value, message):
    build, (first, *_) = create_tasks()
    with_credentials(build, first, name, value)
    pending(build, first)
    tasks.step(build, first.arn, pulls={})
    task = build.world.tasks[first.arn]
    assert task.stop_code is StopCode.TASK_FAILED_TO_START
    assert message in (task.stopped_reason or "")
    assert "pw" not in (task.stopped_reason or "")


def with_credentials(build, task, secret, value):
    """Let the first container have the credentials in the secret ``registry``, and make a secret of this name."""
    definition = build.world.task_definitions[task.task_definition]
    web, side = definition.container_definitions
    web = replace(web, repository_credentials=RepositoryCredentials("registry"))
    build.book.apply([Put(replace(definition, container_definitions=(web, side)))])
    arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{secret}-abcdef"
    now = build.clock.now()
    version = SecretVersion("v1", Secret(value), now, (CURRENT,))
    build.book.apply([Put(ManagedSecret(SecretArn(arn), secret, now, now, (version,)))])


PROGRESS = PullProgress("registry", layers=12, present=7, pulled=0, received=0, total=45_600_000, seconds=3.2)
PULLED = replace(PROGRESS, pulled=5, received=45_600_000)


def observe(build, task, phase, progress):
    """Plan a task whose image ``web`` is pulled, apply its changes, and give its container and its service's events."""
    states = {"web": PullState(phase, "sha256:1", progress=progress), "side": pulled_state("sha256:2")}
    observed = Observed({task.id: SandboxState(task.id, pulls=states)})
    plan = plan_task(build.world, observed, task.arn, build.clock.now(), build.ids)
    build.book.apply(plan.changes)
    log = build.world.service_logs.get(task.service)
    messages = [] if log is None else [event.message for event in log.events]
    return build.world.tasks[task.arn].containers[0], [m for m in messages if "the image" in m]


def test_a_container_shows_the_progress_of_its_pull_while_it_is_observed():
    build, tasks_ = create_tasks()
    task = pending(build, tasks_[0])
    container, messages = observe(build, task, PullPhase.PULLING, PROGRESS)
    assert (container.pull, messages) == (PROGRESS, [])
    container, _ = observe(build, task, PullPhase.PULLED, PULLED)
    assert container.pull is None


def test_a_service_has_one_event_for_a_slow_pull_and_one_for_its_end():
    build, tasks_ = create_tasks()
    first, second = (pending(build, task) for task in tasks_[:2])
    slow = f"(service s) is pulling the image {WEB} from registry; its tasks are PENDING until then."
    for seconds in (29.0, 30.0, 31.0, 60.0):
        progress = replace(PROGRESS, seconds=seconds)
        for task in (first, second):
            messages = observe(build, task, PullPhase.PULLING, progress)[1]
            assert messages == ([slow] if seconds >= SLOW_PULL else [])
    end = (
        f"(service s) has pulled the image {WEB} from registry: 45.6 MB in 3.2 s, 5 of 12 layers; 7 were here already."
    )
    for task in (first, second):
        assert observe(build, task, PullPhase.PULLED, PULLED)[1] == [end, slow]


def test_an_image_that_was_here_has_no_event():
    build, tasks_ = create_tasks()
    assert observe(build, pending(build, tasks_[0]), PullPhase.PULLED, None)[1] == []


def test_a_service_has_one_event_for_a_machine_without_user_namespaces():
    build, tasks_ = create_tasks()
    pulls = {"web": pulled_state("sha256:1"), "side": pulled_state("sha256:2")}
    for task in tasks_[:2]:
        reason = "the kernel 5.4.0 is older than 5.19"
        state = SandboxState(task.id, pulls=pulls, missing_user_namespace=reason)
        plan = plan_task(
            build.world, Observed({task.id: state}), pending(build, task).arn, build.clock.now(), build.ids
        )
        build.book.apply(plan.changes)
    messages = [event.message for event in build.world.service_logs[tasks_[0].service].events]
    text = (
        "(service s) runs its tasks without user namespaces, because the kernel 5.4.0 is older than 5.19: root in a"
        " container is root of this machine with fewer privileges."
    )
    assert [message for message in messages if "user namespaces" in message] == [text]


def test_a_task_on_the_machines_own_root_has_no_event_about_user_namespaces():
    build, tasks_ = create_tasks()
    task = pending(build, tasks_[0])
    pulls = {"web": pulled_state(None), "side": pulled_state(None)}
    state = SandboxState(task.id, pulls=pulls, missing_user_namespace="the kernel 5.4.0 is older than 5.19")
    plan = plan_task(build.world, Observed({task.id: state}), task.arn, build.clock.now(), build.ids)
    build.book.apply(plan.changes)
    log = build.world.service_logs.get(task.service)
    assert not [event for event in (log.events if log else ()) if "user namespaces" in event.message]
