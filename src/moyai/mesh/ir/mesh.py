"""The whole mesh: every workload, and the shared pieces that their views name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir.destination import Destination
from moyai.mesh.ir.diagnostic import Diagnostic
from moyai.mesh.ir.endpoint_group import EndpointGroup
from moyai.mesh.ir.service import Service
from moyai.mesh.ir.tls import Certificate
from moyai.mesh.ir.workload import Workload


class Mesh(msgspec.Struct, frozen=True):
    """One consistent picture of all traffic. Every name used inside it is defined inside it. ``proxies``: those that
    are led as a workload of another name, any number as one; a workload that isn't named there is led by the proxy of
    its own name.
    """

    workloads: Mapping[WorkloadId, Workload] = {}
    services: Mapping[str, Service] = {}
    destinations: Mapping[str, Destination] = {}
    groups: Mapping[str, EndpointGroup] = {}
    certificates: Mapping[str, Certificate] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    proxies: Mapping[ProxyId, WorkloadId] = {}
