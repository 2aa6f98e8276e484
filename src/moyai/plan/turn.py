"""One decision about one pool of a service's tasks: who stops, who starts."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.domain.ecs.task import Task
from moyai.plan import daemons
from moyai.plan.replicas import Launches, Moment, launches
from moyai.plan.rollout import Bounds, Roll, bounds
from moyai.plan.selection import to_stop


class Turn(msgspec.Struct, frozen=True):
    """``roll.service`` has the pool's deployments, and as desiredCount how many tasks the pool is to have."""

    roll: Roll
    limits: Bounds
    stops: tuple[Task, ...]
    launched: Launches

    @property
    def moves(self) -> bool:
        """Whether any task is started or stopped."""
        return bool(self.stops or self.launched.tasks)

    @property
    def staying(self) -> tuple[Task, ...]:
        """The pool's tasks after this turn that are wanted to be RUNNING."""
        stopping = {t.arn for t in self.stops}
        return (*(t for t in self.roll.alive if t.arn not in stopping), *self.launched.tasks)


def turns(moment: Moment, rolls: Iterable[Roll]) -> tuple[Turn, ...]:
    """One for each pool; what one starts, the next reckons with."""
    made: list[Turn] = []
    for roll in rolls:
        batch = tuple(t for turn in made for t in turn.launched.tasks)
        made.append(_turn(moment._replace(batch=batch), roll, bounds(roll.service)))
    return tuple(made)


def _turn(moment: Moment, roll: Roll, limits: Bounds) -> Turn:
    if roll.service.is_daemon:
        stops = daemons.to_stop(moment.world, roll, limits)
        return Turn(roll, limits, stops, daemons.launches(moment, roll, limits, stops))
    stops = to_stop(roll, limits)
    return Turn(roll, limits, stops, launches(moment, roll, limits, stops))
