from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.family import TaskDefinitionFamily
from moyai.domain.ecs.service import Deployment, DeploymentStatus, Service
from moyai.domain.ecs.task import NetworkInterface, Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import family_key, scope_key, scope_of
from moyai.domain.record import StoredRecord
from moyai.domain.world import TABLES, Delete, Put, World, table_name
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope

HERE = Scope(AccountId("123456789012"), Region("us-east-1"))
KEY = scope_key(HERE)


def arn(resource: str, service: str = "ecs") -> Any:
    return f"arn:aws:{service}:{HERE.region}:{HERE.account}:{resource}"


CLUSTER = Cluster(arn=arn("cluster/c"), name="c", created_at=1)  # type: ignore[arg-type]
VIEW = ConnectView(namespace=arn("namespace/ns-1", "servicediscovery"))


def deployment(number: int, *, view: ConnectView | None = None, definition: str = "d:1") -> Any:
    values: dict[str, Any] = {"id": f"ecs-svc/{number}", "created_at": 1, "updated_at": 1}
    task_definition = arn(f"task-definition/{definition}")
    return Deployment(status=DeploymentStatus.ACTIVE, task_definition=task_definition, view=view, **values)


def service(*deployments: Any) -> Service:
    values: dict[str, Any] = {"created_at": 1, "created_by": "me", "desired_count": 1}
    return Service(arn=arn("service/c/s"), name="s", cluster=CLUSTER.arn, deployments=deployments, **values)


def task(status: TaskStatus = TaskStatus.RUNNING, public: str | None = None, **members: Any) -> Task:
    place: dict[str, Any] = {"id": "eni-1", "attachment": "a", "vpc": "vpc-1", "subnet": "subnet-1", "mac": ""}
    interface = NetworkInterface(address="172.31.0.5", private_dns_name="", public_address=public, **place)
    values: dict[str, Any] = {"created_at": 1, "group": "g", "availability_zone": "us-east-1a", "containers": ()}
    values |= {"arn": arn("task/c/1"), "id": "1", "cluster": CLUSTER.arn, "task_definition": "d"}
    return Task(interface=interface, last_status=status, **values, **members)


def world(*records: StoredRecord) -> World:
    new_world = World()
    for record in records:
        new_world.apply(Put(record))
    return new_world


def _record_types(base: type[StoredRecord]) -> Iterator[type[StoredRecord]]:
    """The records of moyai itself: the classes that are no base of others."""
    for kind in base.__subclasses__():
        if kind.__subclasses__():
            yield from _record_types(kind)
        elif kind.__module__.startswith("moyai."):
            yield kind


def test_every_record_type_has_a_table_and_a_name():
    kinds = tuple(_record_types(StoredRecord))
    assert set(kinds) == set(TABLES)
    for kind in kinds:
        world().apply(Delete(kind, "nothing"))
    assert len({table_name(kind) for kind in kinds}) == len(kinds)


def test_a_record_type_without_a_table_is_refused():
    unknown: Any = str
    with pytest.raises(TypeError, match="no table"):
        world().check(Delete(unknown, "a"))


def test_a_record_without_a_scope_is_refused_before_it_changes_anything():
    nowhere = Cluster(arn="c", name="c", created_at=1)  # type: ignore[arg-type]
    empty = world()
    for attempt in (empty.check, empty.apply):
        with pytest.raises(ValueError, match="not an ARN"):
            attempt(Put(nowhere))
    assert list(empty.records()) == []


def test_records_iterates_over_every_table():
    family = TaskDefinitionFamily(key=family_key(HERE, "f"), last_revision=1)
    held_world = world(family, CLUSTER, service(deployment(1)))
    assert {type(record) for record in held_world.records()} == {TaskDefinitionFamily, Cluster, Service}
    held_world.apply(Delete(TaskDefinitionFamily, family.key))
    assert len(list(held_world.records())) == 2


def test_records_are_indexed_by_scope():
    other = Scope(AccountId("210987654321"), HERE.region)
    held_world = world(CLUSTER, service(deployment(1)))
    assert held_world.clusters.by("scope", KEY) == (CLUSTER,)
    assert held_world.services.by("scope", KEY) == (service(deployment(1)),)
    assert held_world.clusters.by("scope", scope_key(other)) == ()
    assert scope_of(CLUSTER.arn) == HERE


def test_a_revision_is_found_by_its_family_in_its_scope():
    values: dict[str, Any] = {"registered_at": 1, "registered_by": "me", "container_definitions": ()}
    revision = TaskDefinition(arn=arn("task-definition/f:1"), family="f", revision=1, **values)
    assert world(revision).task_definitions.by("family", family_key(HERE, "f")) == (revision,)


def test_a_service_is_indexed_by_resources_of_its_deployments():
    held_service = service(deployment(2, definition="d:2"), deployment(1, view=VIEW, definition="d:1"))
    services = world(held_service).services
    assert services.by("cluster", CLUSTER.arn) == (held_service,)
    assert services.by("namespace", VIEW.namespace) == (held_service,)
    assert services.by("task_definition", arn("task-definition/d:1")) == (held_service,)
    assert services.by("task_definition", arn("task-definition/d:2")) == (held_service,)


def test_a_service_is_not_indexed_by_ended_deployments():
    held_world = world(service(deployment(1, view=VIEW)))
    held_world.apply(Put(service(deployment(2))))
    assert held_world.services.by("namespace", VIEW.namespace) == ()
    assert len(held_world.services.by("task_definition", arn("task-definition/d:1"))) == 1


WHILE_ALIVE = [("namespace", VIEW.namespace), ("vpc", "vpc-1"), ("public", "yes"), ("alive", "yes")]
ALWAYS = [("id", "1"), ("cluster", CLUSTER.arn), ("service", arn("service/c/s")), ("interface", "eni-1")]


@pytest.mark.parametrize(("index", "value"), WHILE_ALIVE + ALWAYS)
def test_a_running_task_is_indexed(index, value):
    running = task(public="127.83.0.1", view=VIEW, service=arn("service/c/s"))
    assert world(running).tasks.by(index, value) == (running,)


@pytest.mark.parametrize(("index", "value"), WHILE_ALIVE)
def test_a_stopped_task_is_not_indexed_by_its_resources(index, value):
    tasks = world(task(public="127.83.0.1", view=VIEW), task(TaskStatus.STOPPED, public="127.83.0.1", view=VIEW)).tasks
    assert len(tasks) == 1
    assert tasks.by(index, value) == ()


@pytest.mark.parametrize(("index", "value"), ALWAYS)
def test_a_stopped_task_is_still_indexed_by_its_origin(index, value):
    stopped_task = task(TaskStatus.STOPPED, service=arn("service/c/s"))
    assert world(stopped_task).tasks.by(index, value) == (stopped_task,)


def test_cloud_map_records_are_indexed_in_both_directions():
    values: dict[str, Any] = {"created_at": 1}
    namespace = Namespace(arn=VIEW.namespace, id="ns-1", name="n", type=NamespaceType.HTTP, **values)  # type: ignore[arg-type]
    place: Any = arn("service/srv-1", "servicediscovery")
    owner: Any = arn("service/c/s")
    values |= {"arn": place, "id": "srv-1", "name": "s", "namespace": namespace.arn, "owner": owner}
    discovery_service = DiscoveryService(**values)
    of_task: Any = {"id": "1", "attributes": {}, "registered_at": 1, "task": arn("task/c/1")}
    instance = DiscoveryInstance(service=place, **of_task)
    held_world = world(namespace, discovery_service, instance)
    assert held_world.namespaces.by("id", "ns-1") == (namespace,)
    assert held_world.discovery_services.by("namespace", namespace.arn) == (discovery_service,)
    assert held_world.discovery_services.by("owner", owner) == (discovery_service,)
    assert held_world.discovery_instances.by("service", place) == (instance,)
    assert held_world.discovery_instances.by("task", arn("task/c/1")) == (instance,)
