"""Asking an endpoint whether it is well.

Promise: ``passes`` never raises for what the endpoint does or does not do; an endpoint that can't be reached, takes
too long or answers wrongly does not pass.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from typing import Protocol

from moyai.plan.cloudmap.checks import ProbeTarget


class Probes(Protocol):
    """Makes single checks."""

    async def passes(self, target: ProbeTarget) -> bool:
        """Whether the endpoint passes: TCP connects in 10 s; HTTP and HTTPS connect in 4 s and answer 2xx or 3xx in
        2 s more.
        """
