"""The launch of a container: its ``LaunchConfig``, and the container monitor that is started with it.

``container_config`` and ``os_settings`` translate a container of the port into a ``LaunchConfig``; ``host_access`` is
the policy for what that may take of the machine; ``etc_files`` are the files in ``/etc``; ``monitors`` starts, reads
and ends container monitors, whose program is ``interpreter``.
"""
