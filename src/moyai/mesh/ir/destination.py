"""Where traffic can be sent: a group of endpoints and how to treat them."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.load_balancing import LoadBalancing
from moyai.mesh.ir.outlier_policy import OutlierPolicy
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.tls import Trust


class Destination(msgspec.Struct, frozen=True):
    """Shared by name between all workloads that call it.

    ``group`` names its EndpointGroup, ``stat_name`` what its statistics are called. Seconds.
    ``zone_aware_from``: with at least so many endpoints, requests stay in the caller's zone as far as the load of all
    endpoints stays even; 0 = zones don't matter. ``trusts``: one for each issuer that its members may name.
    """

    name: str
    group: str
    protocol: Protocol
    connect_timeout: float
    outlier: OutlierPolicy | None
    stat_name: str
    zone_aware_from: int = 0
    load_balancing: LoadBalancing = LoadBalancing.ROUND_ROBIN
    trusts: tuple[Trust, ...] = ()
