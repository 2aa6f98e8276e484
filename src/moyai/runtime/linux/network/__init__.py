"""Networks of tasks: a router namespace for each VPC, a veth to each task, nftables rules in both.

``router`` makes a VPC's router, ``veth`` connects a task to it, ``instance_bridge`` connects a task to a container
instance instead. ``security_groups``, ``connection_limits``, ``interception`` and ``connection_drain`` are rule sets,
``routes`` are the links and routes between routers, ``listeners`` reads which sockets accept traffic. All of it runs on
the one thread of ``namespaces``.
"""
