"""The runtime of tasks on this machine, without a container engine.

``runtime`` implements the port. Below it, from top to bottom: ``host`` checks the machine; ``network_applier`` applies
network specifications; ``tasks`` has sandboxes, containers and exec sessions; ``system_containers`` are moyai's own
processes in networks; ``launch`` starts container monitors; ``network`` and ``cgroups`` change the machine;
``seccomp`` compiles filters; and ``shim`` is the container monitor, a process of its own.
"""
