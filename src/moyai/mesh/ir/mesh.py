"""The whole mesh: every workload, the shared resources that workloads refer to, and what could not be compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir.destination import Destination, EndpointGroup
from moyai.mesh.ir.routing import MeshService
from moyai.mesh.ir.tls import Certificate
from moyai.mesh.ir.workload import Workload


class Diagnostic(msgspec.Struct, frozen=True):
    """A report on a part that could not be compiled, with the reason. ``subject``: the ARN of the record that causes
    it.
    """

    subject: str
    message: str


class SeparatedNetworks(NamedTuple):
    """A call from one network to a port in another that rules of the networks may forbid."""

    caller: str
    target: str
    port: int


class MeshIR(msgspec.Struct, frozen=True):
    """A consistent configuration of all traffic: every name that is used in it is defined in it. ``proxies``: the
    workload of each proxy whose id differs from its workload's. A workload without such proxies belongs to the proxy
    with the same id. ``hosted``: the workloads that the host's Envoy serves together. ``separated``: the calls between
    their networks that are made by address.
    """

    workloads: Mapping[WorkloadId, Workload] = {}
    services: Mapping[str, MeshService] = {}
    destinations: Mapping[str, Destination] = {}
    groups: Mapping[str, EndpointGroup] = {}
    certificates: Mapping[str, Certificate] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    proxies: Mapping[ProxyId, WorkloadId] = {}
    hosted: frozenset[WorkloadId] = frozenset()
    separated: frozenset[SeparatedNetworks] = frozenset()
