"""The keeper: one small process beside each container, which outlives the control plane.

Promise: it starts the container's first process in its namespaces, keeps its output, checks its
health, stops it when told to, and writes down how it ended, whether or not anybody is there to read
it. It imports little and holds little (see the budget in tests/e2e), because there is one of it for every
container: no ``json``, ``signal``, ``socket``, ``typing``; the system calls it needs are in
``syscalls``. It asks the operating system for the time itself: it is a process of its own, and no
clock can be handed across ``exec``.
"""
