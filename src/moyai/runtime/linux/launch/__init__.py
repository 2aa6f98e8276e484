"""The launch of a container: its ``LaunchConfig``, and the container monitor that is started with it.

``container_config`` and ``os_settings`` translate a container of the port into a ``LaunchConfig``; ``host_access`` is
the policy for what a task definition may use of the machine; ``etc_files`` writes the files in ``/etc``; ``monitors``
starts container monitors, reads their records and ends them; ``monitor_server`` is the process that forks them, and
``interpreter`` the program that they run.
"""
