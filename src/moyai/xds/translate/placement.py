"""Placement: the workloads that the Envoy of a host serves, and the network namespace that it serves each of them in.

The Envoy of a single workload has no placement: it is itself in the workload's namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from moyai.kernel.ids import WorkloadId


class WorkloadPlace(NamedTuple):
    """A workload's place on a host. ``namespace``: the path of its network namespace, which no later workload has.
    ``scope``: the first part of the names of its statistics, without a dot; unique on the host. ``log``: the kind of
    its access log (``access_log.log_kind``). ``sampling``: percent of requests that are traced, if its requests are, of
    those that no caller has decided on.
    """

    workload: WorkloadId
    namespace: str
    scope: str
    log: str = ""
    sampling: float = 0


TARGET_METADATA: Final = "moyai"
"""The name of the metadata of endpoints that says whom requests to them are counted, logged and traced for."""
SCOPE: Final = "scope"
LOG: Final = "log"
"""Keys of this metadata: fields of the target's place."""
LOCAL: Final = "local"
"""The first part, after the scope, of the names of what a listener for callers of the same Envoy counts."""
Placement = Mapping[WorkloadId, WorkloadPlace]


def local_stat_name(stat_name: str, place: WorkloadPlace) -> str:
    """The name of what a port's listener for callers of the same Envoy counts of HTTP connections: those that
    come from elsewhere are counted by another kind of filter.
    """
    return f"{place.scope}.{LOCAL}.{stat_name}"


def stat_name_at(stat_name: str, place: WorkloadPlace | None) -> str:
    """The name of a workload's statistics, told apart from those of the other workloads of its Envoy."""
    return stat_name if place is None else f"{place.scope}.{stat_name}"
