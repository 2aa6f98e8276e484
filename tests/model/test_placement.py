"""Whatever is placed, drained, stopped and resized: no instance gives away more than it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.task import TaskOverride, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping, TaskDefinition
from moyai.domain.world import Put
from moyai.kernel.ids import ContainerInstanceArn
from moyai.plan.network.host_ports import fixed_ports
from moyai.plan.placement.reasons import Reason, Unplaced
from moyai.plan.placement.resources import remaining_resources, required_resources
from tests.unit.plan.placement.placement_cluster import ZONES, PlacementCluster, container_of_size

_STRATEGIES = st.lists(
    st.sampled_from(
        [
            ("spread", "attribute:ecs.availability-zone"),
            ("spread", "instanceId"),
            ("binpack", "cpu"),
            ("binpack", "memory"),
            ("random", None),
        ]
    ),
    max_size=3,
)
_PROTOCOLS = st.sampled_from(["tcp", "udp"])
_PORTS = st.lists(
    st.one_of(
        st.builds(PortMapping, st.integers(1, 9), st.sampled_from([0, None, 22, 8080, 8081, 40000]), _PROTOCOLS),
        st.builds(
            PortMapping,
            container_port_range=st.sampled_from(["10-12", "1000-10000", "2000-11000"]),
            protocol=_PROTOCOLS,
        ),
    ),
    max_size=3,
)
_MODES = st.sampled_from([NetworkMode.BRIDGE, NetworkMode.HOST, NetworkMode.AWSVPC])
_STEPS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 900), _STRATEGIES, st.booleans(), st.none()),
    st.tuples(st.just("run"), st.integers(1, 90), _STRATEGIES, st.booleans(), st.tuples(_MODES, _PORTS)),
    st.tuples(st.just("run"), st.integers(1, 90), st.just([]), st.just(False), st.tuples(_MODES, _PORTS)),
    st.tuples(st.just("stop"), st.integers(0, 30)),
    st.tuples(st.just("drain"), st.integers(0, 2)),
    st.tuples(st.just("resume"), st.integers(0, 2)),
)


@given(st.lists(_STEPS, max_size=25))
def test_no_instance_is_overcommitted(steps):
    cluster = PlacementCluster()
    places = [cluster.instance(zone).arn for zone in ZONES]
    tasks = []
    for step in steps:
        match step:
            case ("run", size, strategy, apart, bound):
                definition = cluster.definition("web", **_definition_input(size, bound))
                constraints = (PlacementConstraint("distinctInstance"),) if apart else ()
                try:
                    tasks.append(cluster.run(definition, *strategy, constraints=constraints))
                except Unplaced as fault:
                    _check_refusals(cluster, fault, definition)
            case ("stop", number) if tasks:
                stopped = replace(tasks[number % len(tasks)], last_status=TaskStatus.STOPPED)
                cluster.builder.book.apply([Put(stopped)])
            case ("drain", number):
                cluster.drain(cluster.world.container_instances[places[number]])
            case ("resume", number):
                known = cluster.world.container_instances[places[number]]
                cluster.put(replace(known, status=ContainerInstanceStatus.ACTIVE))
        for arn in places:
            left = remaining_resources(cluster.world, cluster.world.container_instances[arn])
            assert left.cpu >= 0
            assert left.memory >= 0
            _check_ports(cluster, arn)


def _definition_input(size: int, bound: tuple[NetworkMode, list[PortMapping]] | None) -> dict[str, object]:
    """A task definition as it could be registered: with host and awsvpc a container has the port that is asked for, and
    no two mappings of one want the same.
    """
    mode, ports = bound or (NetworkMode.AWSVPC, [])
    [app] = container_of_size(size, size)
    if mode is not NetworkMode.BRIDGE:
        ports = [replace(p, host_port=p.container_port) for p in ports if p.container_port_range is None]
    wanted = {(p.host_port or -n, p.protocol): p for n, p in enumerate(ports, 1)}
    return {
        "container_definitions": (replace(app, port_mappings=tuple(wanted.values())),),
        "network_mode": mode,
    }


def _check_ports(cluster: PlacementCluster, arn: ContainerInstanceArn) -> None:
    """Each port of the instance is one task's, or the instance's own."""
    instance = cluster.world.container_instances[arn]
    ports = [
        (binding.protocol, port)
        for task in cluster.world.tasks.by("instance", arn)
        for container in task.containers
        for binding in container.network_bindings
        for port in binding.host_ports
    ]
    assert len(ports) == len(set(ports))
    assert not {port for protocol, port in ports if protocol == "tcp"} & set(instance.resources.ports)


def _check_refusals(cluster: PlacementCluster, fault: Unplaced, definition: TaskDefinition) -> None:
    """Where it is said that there is too little, or a port taken, it is so; nowhere else is a place left."""
    need = required_resources(definition, TaskOverride())
    for refusal in fault.refusals:
        instance = cluster.world.container_instances[refusal.instance]
        assert instance.status is ContainerInstanceStatus.ACTIVE
        remaining = remaining_resources(cluster.world, instance)
        assert (remaining.cpu < need.cpu) == (refusal.reason is Reason.CPU)
        if refusal.reason is Reason.PORTS:
            dynamic = any(m.container_port_range for c in definition.container_definitions for m in c.port_mappings)
            assert dynamic or remaining.taken_ports & fixed_ports(definition)
