"""Placement: the workloads that a host's Envoy serves, each with its network namespace.

The Envoy of a single workload has no placement: it runs in the workload's namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from moyai.kernel.ids import WorkloadId


class WorkloadPlace(NamedTuple):
    """A workload's place on a host. ``namespace``: the path of its network namespace, which is never reused.
    ``scope``: the first part of the names of its statistics, without a dot; unique on the host. ``log``: the kind of
    its access log (``access_log.log_kind``). ``sampling``: the percentage of requests to trace, among those for which
    no caller has decided that.
    """

    workload: WorkloadId
    namespace: str
    scope: str
    log: str = ""
    sampling: float = 0


TARGET_METADATA: Final = "moyai"
"""The name of endpoints' metadata with the workload for which requests to them are counted, logged and traced."""
SCOPE: Final = "scope"
LOG: Final = "log"
"""Keys of this metadata: fields of the target's place."""
LOCAL: Final = "local"
"""The part after the scope in the names of the statistics of a listener for callers of the same Envoy."""
Placement = Mapping[WorkloadId, WorkloadPlace]


def local_stat_name(stat_name: str, place: WorkloadPlace) -> str:
    """The name of the HTTP statistics of a port's listener for callers of the same Envoy. Connections from elsewhere
    are counted by another kind of filter.
    """
    return f"{place.scope}.{LOCAL}.{stat_name}"


def stat_name_at(stat_name: str, place: WorkloadPlace | None) -> str:
    """The name of a workload's statistics, distinct from those of other workloads of its Envoy."""
    return stat_name if place is None else f"{place.scope}.{stat_name}"
