"""A runtime without processes: the lives of its containers pass on the injected clock.

It is for tests of clients of moyai, and for machines on which namespaces are not available. A container behaves as its
*script* says, which is read from its command when that begins with ``sim``, else from the variable ``MOYAI_SIM`` in its
environment:

    ["sim", "exit=1", "after=5"]        exits with 1 five seconds after its start
    MOYAI_SIM="healthy_after=3"         its health check, if it has one, succeeds from the third second on

======================  ==========================================================================
``exit=N``              exit code when it ends by itself (0)
``after=SECONDS``       ends by itself that long after its start (never)
``healthy_after=S``     the health check first succeeds then (1)
``unhealthy_after=S``   the health check has failed for good then (never)
``term_after=S``        how long it takes to end after SIGTERM (0)
``term_exit=N``         exit code after SIGTERM (143)
``ignore_term``         SIGTERM does nothing; it ends by SIGKILL (137) after its stop timeout
``cannot_start``        starting it fails, as a command that isn't there
``cpu=VCPUS``           how much of a processor it uses all the time (0)
``memory=MIB``          how much memory it uses (0)
``calls=NAME:RATE,…``   how often a second it calls which discovery names (no request is sent); further
                        ``:MS`` and ``:FAILING``, the median time and how many of 100 fail
======================  ==========================================================================

There is no network: names don't resolve, public addresses don't answer. A restart of the control plane loses the tasks
of this runtime, unlike those of ``linux``.
"""
