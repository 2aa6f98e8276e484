"""System containers: the processes that moyai itself adds, each alone in a bare root with next to no capabilities.

``configs`` has their launch configurations: the Envoy of public addresses, the egress process of a VPC, the pause
process of shared namespaces. ``proxies`` starts the Envoys of tasks, ``envoy_admin`` queries their admin interface, and
``public_gateway`` and ``nat_egress`` run the Envoy of public addresses and the egress processes.
"""
