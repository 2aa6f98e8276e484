"""The endpoint groups of a host's Envoy, one variant for each kind of caller. Pure.

Callers of different zones, services and networks share this Envoy, so each group has a variant for each of these.

**Zones.** Envoy can compute zone-aware routing only for the zone and the peers of its own process. So the control plane
does the same computation, and gives each zone of endpoints a weight:

- A zone that has at least its callers' share of the endpoints gets all of their requests.
- A zone that has less keeps its endpoints' fair part; the rest goes to zones with more than their share.
- A zone without a weight is one priority lower: it gets requests as endpoints of the others are ejected.
- With fewer endpoints than the destination requires, or none in the callers' zone, all endpoints get equal shares.
**Networks.** A member that a rule may separate from the callers is called by address, like one on another host.

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/upstream/load_balancing/zone_aware
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import EndpointGroup, Member, MeshIR, SeparatedNetworks
from moyai.xds.server.resource_set import called_group, destinations_of

_WEIGHT_SUM = 10_000
"""The sum of the weights of zones, unless each zone's weight is the number of its endpoints."""
_NO_PEERS = EndpointGroup("")
_Groups = Mapping[str, EndpointGroup]


class CalledGroups:
    """The variants of one shard's groups, kept from one mesh to the next: which variants there are is computed anew
    only when a caller or what it calls has changed, and a variant only when its endpoints or its callers have.
    """

    def __init__(self) -> None:
        self._mesh = MeshIR()
        """The mesh for which ``_callers`` was computed."""
        self._callers: Mapping[str, _Caller] = {}
        """The callers of each variant, by the variant's name."""
        self._variants: dict[str, _Variant] = {}

    def add_to(self, mesh: MeshIR) -> MeshIR:
        """The mesh with the variants of groups that its hosted workloads call. Equal variants stay the same objects, so
        that comparing them is cheap.
        """
        before = self._mesh
        self._mesh = mesh = replace(mesh, groups=_with_same_objects(mesh.groups, before.groups))
        if not _has_same_callers(mesh, before):
            self._callers = _callers(mesh)
        same_networks = _has_same_networks(mesh, before)
        self._variants = {
            name: self._variant(name, caller, same_networks=same_networks) for name, caller in self._callers.items()
        }
        return replace(mesh, groups={**mesh.groups, **{name: v.group for name, v in self._variants.items()}})

    def _variant(self, name: str, caller: _Caller, *, same_networks: bool) -> _Variant:
        mesh, before = self._mesh, self._variants.get(name)
        group, peers = mesh.groups[caller.group], mesh.groups.get(caller.peers, _NO_PEERS)
        if before is not None and same_networks and before.is_of(group, peers, caller):
            return before
        variant = replace(_as_called(mesh, group, caller, peers), name=name)
        same = before is not None and before.group == variant
        return _Variant(before.group if before is not None and same else variant, group, peers, caller)


class _Caller(NamedTuple):
    """What the callers of a variant have in common. ``group``: the name of the called group without variants;
    ``zone_aware_from``: as in its destination.
    """

    zone: str
    network: str
    peers: str
    group: str
    zone_aware_from: int


class _Variant(NamedTuple):
    """A variant, and what it was computed from, besides the networks of its callers and members."""

    group: EndpointGroup
    source: EndpointGroup
    peers: EndpointGroup
    caller: _Caller

    def is_of(self, group: EndpointGroup, peers: EndpointGroup, caller: _Caller) -> bool:
        """Whether the variant would be computed from the same groups, for the same callers."""
        return self.source is group and self.peers is peers and self.caller == caller


def _has_same_networks(mesh: MeshIR, before: MeshIR) -> bool:
    """Whether the same pairs of networks are separated and, if there are any, the workloads are the same objects."""
    return mesh.separated == before.separated and (not mesh.separated or mesh.workloads is before.workloads)


def _has_same_callers(mesh: MeshIR, before: MeshIR) -> bool:
    """Whether the hosted workloads, and what they call, are the same objects in both."""
    same_calls = mesh.services is before.services and mesh.destinations is before.destinations
    return same_calls and mesh.workloads is before.workloads and mesh.hosted == before.hosted


def _with_same_objects(groups: _Groups, before: _Groups) -> _Groups:
    """The groups, of which those that equal the former ones are the same objects."""
    return {name: before[name] if before.get(name) == group else group for name, group in groups.items()}


def _callers(mesh: MeshIR) -> Mapping[str, _Caller]:
    """The callers of each variant. Of workloads that call the same from the same place, one is looked at."""
    workloads = (mesh.workloads[key] for key in mesh.hosted)
    representatives = {(w.inbound, w.outbound, w.listeners, w.zone, w.network, w.peers): w for w in workloads}
    callers: dict[str, _Caller] = {}
    for workload in representatives.values():
        for destination in (mesh.destinations[name] for name in destinations_of(mesh, workload)):
            called = called_group(destination, workload)
            if called is not None and called.name not in callers:
                zone, network, peers = workload.zone, workload.network, workload.peers or ""
                callers[called.name] = _Caller(zone, network, peers, called.group, destination.zone_aware_from)
    return callers


def _as_called(mesh: MeshIR, group: EndpointGroup, caller: _Caller, peers: EndpointGroup) -> EndpointGroup:
    if mesh.separated:
        members = (_by_address_if_separated(mesh, member, caller.network) for member in group.members)
        group = replace(group, members=tuple(members))
    if not caller.zone_aware_from:
        return group
    return replace(group, weights=zone_weights(group, peers, caller.zone, caller.zone_aware_from))


def _by_address_if_separated(mesh: MeshIR, member: Member, caller_network: str) -> Member:
    target = mesh.workloads.get(WorkloadId(member.workload))
    if target is None or SeparatedNetworks(caller_network, target.network, member.workload_port) not in mesh.separated:
        return member
    return replace(member, workload="", workload_port=0, stat_name="")


def zone_weights(group: EndpointGroup, peers: EndpointGroup, zone: str, at_least: int) -> tuple[tuple[str, int], ...]:
    """The weight of each zone for callers in ``zone``, who are among ``peers``. ``at_least``: endpoints required."""
    endpoints, callers = _counts(group), _counts(peers)
    total, all_callers = sum(endpoints.values()), sum(callers.values())
    if total < at_least or not endpoints.get(zone) or not callers.get(zone):
        return tuple(sorted(endpoints.items()))
    own_share, needed_share = endpoints[zone] / total, callers[zone] / all_callers
    if own_share >= needed_share:
        return ((zone, _WEIGHT_SUM),)
    surplus = {other: max(count / total - callers.get(other, 0) / all_callers, 0) for other, count in endpoints.items()}
    own_part, spread = own_share / needed_share, sum(surplus.values())
    shares = {other: (1 - own_part) * part / spread for other, part in surplus.items() if part} | {zone: own_part}
    return tuple(sorted((other, max(round(_WEIGHT_SUM * share), 1)) for other, share in shares.items()))


def _counts(group: EndpointGroup) -> Mapping[str, int]:
    return Counter(member.zone for member in group.members)
