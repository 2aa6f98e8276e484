"""Where traffic can be sent: endpoints and how to treat them."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.health_check import HealthCheck
from moyai.mesh.ir.limits import ConnectionLimits
from moyai.mesh.ir.load_balancing import LoadBalancing
from moyai.mesh.ir.outlier_policy import OutlierPolicy
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.source import Source
from moyai.mesh.ir.tls import ClientTls, Trust


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """Shared by name between all workloads that call it.

    ``label``: what proxies call it, where somebody counts on that; empty = after its name. Workloads may know different
    ones by one label; of those that one workload calls, each has its own. ``stat_name``: what its
    statistics are called; empty = as proxies call it. Seconds.
    ``zone_aware_from``: with at least so many endpoints, requests stay in the caller's zone as far as the load of all
    endpoints stays even; 0 = zones don't matter. ``tls``: how members are spoken to that name no issuer; ``trusts``:
    one for each issuer that its members may name.
    """

    name: str
    source: Source
    protocol: Protocol
    connect_timeout: float
    outlier: OutlierPolicy | None = None
    stat_name: str = ""
    zone_aware_from: int = 0
    load_balancing: LoadBalancing = LoadBalancing.ROUND_ROBIN
    trusts: tuple[Trust, ...] = ()
    label: str = ""
    tls: ClientTls | None = None
    limits: ConnectionLimits | None = None
    health_check: HealthCheck | None = None
