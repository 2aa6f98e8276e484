"""The CPU and memory of a task, as registered or overridden: parsed, checked, normalised.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.fargate import FARGATE_SIZES, cpu_units, memory_mib
from moyai.kernel.errors import ClientFault

_CPU_RANGE = range(128, 196609)
_LEAST_MEMORY = 4


class TaskSize(NamedTuple):
    """CPU units and MiB as decimal strings; ``fits_fargate`` when the two together are a Fargate size."""

    cpu: str | None
    memory: str | None
    fits_fargate: bool


LARGEST = TaskSize(str(_CPU_RANGE.stop - 1), str(2**31), fits_fargate=True)
"""At least as large as any size that can be registered."""


def task_size(
    cpu: str | None, memory: str | None, fault: type[ClientFault] = ClientException, *, for_fargate: bool
) -> TaskSize:
    """The size in its normal form. Raises ``fault`` for an invalid one, and for one that Fargate does not offer."""
    units = None if cpu is None else cpu_units(cpu)
    mib = None if memory is None else memory_mib(memory)
    if cpu is not None and (units is None or units not in _CPU_RANGE):
        raise fault(f"Invalid 'cpu' setting for task. {cpu!r} is neither CPU units nor a number of vCPU.")
    if memory is not None and (mib is None or mib < _LEAST_MEMORY):
        raise fault(f"Invalid 'memory' setting for task. {memory!r} is neither MiB nor a number of GB.")
    fits = units is not None and mib is not None and mib in FARGATE_SIZES.get(units, ())
    if for_fargate:
        for value, member in ((units, "cpu"), (mib, "memory")):
            if value is None:
                raise fault(f"Fargate requires that '{member}' be defined at the task level.")
        if not fits:
            raise fault(f"No Fargate configuration exists for given values: {units} CPU, {mib} memory.")
    return TaskSize(None if units is None else str(units), None if mib is None else str(mib), fits)
