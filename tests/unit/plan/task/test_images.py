"""Which image the containers of a task run."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.task import Container
from moyai.domain.ecs.task_definition import ContainerDefinition, VersionConsistency
from moyai.domain.sandbox.state import SandboxState
from moyai.plan.task.images import pin_images, revision_of
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.testing.world import Builder
from tests.unit.plan.tasks import case_of, schedule

WEB, SIDE = "shop/web:1", "shop/side:1"


def built(*, disabled: bool = False):
    """A service of three tasks with two containers each, none of which has begun."""
    build = Builder()
    consistency = VersionConsistency.DISABLED if disabled else None
    web = ContainerDefinition("web", WEB, version_consistency=consistency)
    made = build.service("s", build.definition("s", web, ContainerDefinition("side", SIDE)), 3)
    schedule(build, made)
    return build, build.tasks(made)


def step(build, task, **digests):
    """The task's images, once its sandbox has found these; what becomes of its revision is recorded."""
    images = {image: digests[name] for name, image in (("web", WEB), ("side", SIDE)) if name in digests}
    case = replace(case_of(build.world, task), sandbox=SandboxState(task.id, images=images))
    containers, changes = pin_images(case)
    build.book.apply(changes)
    return {c.name: c.image_digest for c in containers}


def revision(build, task):
    """What is settled for the task's revision."""
    found = revision_of(build.world, task)
    assert found is not None
    return found.images


def test_all_tasks_of_a_revision_run_the_first_tasks_digests():
    build, (first, second, third) = built()
    found = {"web": "sha256:1", "side": "sha256:a"}
    assert step(build, first, **found) == found
    assert step(build, second, web="sha256:2", side="sha256:b") == found
    assert step(build, third) == {"web": None, "side": None}  # the image isn't there: it can't be pulled
    assert revision(build, first) == found


def test_a_missing_digest_is_set_by_the_next_task():
    build, (first, second, third) = built()
    assert step(build, first, web="sha256:1") == {"web": "sha256:1", "side": None}
    assert step(build, second, web="sha256:2", side="sha256:b") == {"web": "sha256:1", "side": "sha256:b"}
    assert step(build, third, web="sha256:3", side="sha256:c") == {"web": "sha256:1", "side": "sha256:b"}


def test_with_version_consistency_disabled_each_task_runs_its_own_digest():
    build, (first, second, _) = built(disabled=True)
    step(build, first, web="sha256:1", side="sha256:a")
    assert step(build, second, web="sha256:2", side="sha256:b") == {"web": "sha256:2", "side": "sha256:a"}
    assert revision(build, first) == {"side": "sha256:a"}


def test_a_new_deployment_pins_new_digests():
    build, (first, *_) = built()
    step(build, first, web="sha256:1")
    assert first.service is not None
    build.deploy(first.service, build.world.task_definitions[first.task_definition])
    schedule(build, first.service)
    later = next(t for t in build.tasks(first.service) if t.deployment != first.deployment)
    assert step(build, later, web="sha256:2")["web"] == "sha256:2"
    assert step(build, first, web="sha256:2")["web"] == "sha256:1"


def test_a_standalone_task_runs_its_own_digest():
    build = Builder()
    task = build.world.tasks[build.run(build.definition("one", ContainerDefinition("web", WEB)))]
    assert step(build, task, web="sha256:1") == {"web": "sha256:1"}
    assert revision_of(build.world, task) is None


def test_the_sandbox_has_all_images_and_a_container_its_own():
    build, (first, *_) = built()
    definition = build.world.task_definitions[first.task_definition]
    assert sandbox_spec(build.world, first, definition).images == {WEB: None, SIDE: None}


def test_a_proxy_has_no_image():
    build, (first, *_) = built()
    proxied = replace(first, containers=(*first.containers, Container(first.containers[0].arn, "proxy", is_proxy=True)))
    assert step(build, proxied, web="sha256:1") == {"web": "sha256:1", "side": None, "proxy": None}
