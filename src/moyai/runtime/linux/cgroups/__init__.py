"""Control groups of tasks and containers.

``hierarchies`` finds the cgroup hierarchies of the machine, ``cgroupfs`` makes a group in one of them, ``limits`` says
what is written into a group's files, and ``groups`` makes the groups of a task or a container in every hierarchy.
"""
