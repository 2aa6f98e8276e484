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

from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Destination, EndpointGroup, Member, MeshIR, SeparatedNetworks, Workload
from moyai.xds.server.resource_set import called_group, destinations_of

_WEIGHT_SUM = 10_000
"""The sum of the weights of zones, unless each zone's weight is the number of its endpoints."""
_NO_PEERS = EndpointGroup("")


def with_called_groups(mesh: MeshIR, before: MeshIR) -> MeshIR:
    """The mesh with the variants of groups that its hosted workloads call. ``before``: the last result, whose equal
    groups are reused as objects, so that comparing them is cheap.
    """
    groups = dict(mesh.groups)
    for caller in (mesh.workloads[key] for key in mesh.hosted):
        for destination in (mesh.destinations[name] for name in destinations_of(mesh, caller)):
            called = called_group(destination, caller)
            if called is not None and called.name not in groups:
                group = replace(_as_called(mesh, mesh.groups[called.group], destination, caller), name=called.name)
                known = before.groups.get(called.name)
                groups[called.name] = known if known == group else group
    return replace(mesh, groups=groups)


def _as_called(mesh: MeshIR, group: EndpointGroup, destination: Destination, caller: Workload) -> EndpointGroup:
    if mesh.separated:
        members = (_by_address_if_separated(mesh, member, caller) for member in group.members)
        group = replace(group, members=tuple(members))
    if not destination.zone_aware_from:
        return group
    peers = mesh.groups.get(caller.peers or "", _NO_PEERS)
    return replace(group, weights=zone_weights(group, peers, caller.zone, destination.zone_aware_from))


def _by_address_if_separated(mesh: MeshIR, member: Member, caller: Workload) -> Member:
    target = mesh.workloads.get(WorkloadId(member.workload))
    if target is None or SeparatedNetworks(caller.network, target.network, member.workload_port) not in mesh.separated:
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
