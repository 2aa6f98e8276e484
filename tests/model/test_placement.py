"""Whatever is placed, drained, stopped and resized: no instance gives away more than it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Put
from moyai.plan.placement.reasons import Reason, Unplaced
from moyai.plan.placement.resources import left_of
from tests.unit.plan.placement.grounds import ZONES, Grounds, sized

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
_STEPS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 900), _STRATEGIES, st.booleans()),
    st.tuples(st.just("stop"), st.integers(0, 30)),
    st.tuples(st.just("drain"), st.integers(0, 2)),
    st.tuples(st.just("resume"), st.integers(0, 2)),
)


@given(st.lists(_STEPS, max_size=25))
def test_nothing_is_given_away_twice(steps):
    grounds = Grounds()
    places = [grounds.instance(zone).arn for zone in ZONES]
    tasks = []
    for step in steps:
        match step:
            case ("run", size, strategy, apart):
                definition = grounds.definition(container_definitions=sized(size, size))
                constraints = (PlacementConstraint("distinctInstance"),) if apart else ()
                try:
                    tasks.append(grounds.run(definition, *strategy, constraints=constraints))
                except Unplaced as fault:
                    _check_refusals(grounds, fault, size)
            case ("stop", number) if tasks:
                stopped = replace(tasks[number % len(tasks)], last_status=TaskStatus.STOPPED)
                grounds.builder.book.apply([Put(stopped)])
            case ("drain", number):
                grounds.drain(grounds.world.container_instances[places[number]])
            case ("resume", number):
                known = grounds.world.container_instances[places[number]]
                grounds.put(replace(known, status=ContainerInstanceStatus.ACTIVE))
        for arn in places:
            left = left_of(grounds.world, grounds.world.container_instances[arn])
            assert left.cpu >= 0
            assert left.memory >= 0


def _check_refusals(grounds: Grounds, fault: Unplaced, size: int) -> None:
    """Where it is said that there is too little, there is; nowhere else is a place left."""
    for one in fault.refusals:
        instance = grounds.world.container_instances[one.instance]
        assert instance.status is ContainerInstanceStatus.ACTIVE
        lacks = left_of(grounds.world, instance).cpu < size
        assert lacks == (one.reason is Reason.CPU)
