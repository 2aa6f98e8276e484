"""Control groups of tasks and containers.

``hierarchies`` finds the cgroup hierarchies of the machine, ``cgroupfs`` makes a group in one of them, ``limits`` says
what is written into its files, and ``groups`` does all of it for a task or a container, in every hierarchy.
"""
