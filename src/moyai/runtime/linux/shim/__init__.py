"""The container monitor: one small process beside each container, which outlives the control plane.

Promise: it starts the container's first process in its namespaces, keeps its output, checks its health, stops it on
request, and records how it ended, whether or not a control plane is there to read it. It imports little and uses little
memory (tests/e2e has a budget), because there is one for every container: no ``json``, ``signal``, ``socket``,
``typing``; the system calls that it needs are in ``syscalls``. It asks the operating system for the time itself: no
clock can be handed across ``exec``.
"""
