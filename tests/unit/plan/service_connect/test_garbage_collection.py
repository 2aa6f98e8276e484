from __future__ import annotations

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Put
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId
from moyai.testing.world import container
from tests.unit.plan.tasks import put, schedule


def names(build):
    return {d.name for d in build.world.discovery_services}


def serve(build, name, offers):
    definition = build.definition(name, container("api", port=9000))
    service = build.service(name, definition, 1, offers=offers)
    schedule(build, service)
    return service


def end(build, service, *, keep=0):
    """The service's tasks, but for the newest ``keep``, have stopped, and the scheduler has seen it."""
    tasks = build.tasks(service)
    for task in tasks[: len(tasks) - keep]:
        put(build, task.arn, last_status=TaskStatus.STOPPED)
    schedule(build, service)


def delete(build, service):
    build.delete(service)
    schedule(build, service)
    end(build, service)
    assert build.world.services[service].status is ServiceStatus.INACTIVE


def test_a_name_is_removed_with_its_service(build):
    back = serve(build, "back", ["api"])
    assert names(build) == {"back-api"}
    delete(build, back)
    assert names(build) == set()


def test_a_name_with_callers_stays_and_is_reused(build):
    back = serve(build, "back", ["api"])
    front = serve(build, "front", [])
    (discovery_service,) = build.world.discovery_services
    delete(build, back)
    assert names(build) == {"back-api"}
    serve(build, "back", ["api"])
    assert [d.arn for d in build.world.discovery_services] == [discovery_service.arn]
    delete(build, back)
    delete(build, front)
    assert names(build) == set()


def test_a_name_is_removed_after_its_last_caller_is_redeployed(build):
    back = serve(build, "back", ["api"])
    front = serve(build, "front", [])
    delete(build, back)
    build.deploy(front, build.definition("front", container("api", port=9000)))
    schedule(build, front)
    assert names(build) == {"back-api"}
    end(build, front, keep=1)
    assert len(build.world.services[front].deployments) == 1
    assert names(build) == set()


def test_discovery_services_of_the_user_are_kept(build):
    identity = DiscoveryServiceId("srv-hand")
    arn = DiscoveryServiceArn("arn:aws:servicediscovery:us-east-1:123456789012:service/srv-hand")
    build.book.apply([Put(DiscoveryService(arn, identity, "by-hand", build.namespace(), build.clock.now()))])
    delete(build, serve(build, "back", ["api"]))
    assert names(build) == {"by-hand"}
