"""The newest mesh, translated: each shared resource once, and a snapshot for each workload.

Promise: an unchanged resource keeps its bytes and its version. When a resource can't be translated, its last good
translation stays, and the cache records the reason. An update translates changed items; any other item of the mesh
costs one look-up if it is the same object as before, else one comparison. This module does not depend on streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import MeshIR, Workload
from moyai.xds.server.own_resources import own_resources
from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot, encode
from moyai.xds.server.resource_set import (
    Key,
    SharedResource,
    changed_items,
    changed_shared_resources,
    clusters_with_stale_references,
    embedded_services,
    moved_groups,
    removed_keys,
    shared_keys_of,
)
from moyai.xds.translate.placement import Placement, WorkloadPlace

_UNTRANSLATABLE = (TypeError, ValueError)
"""The errors that protocol buffers raise for a value that a message can't hold."""
_Resources = tuple[tuple[ResourceType, EncodedResource], ...]


class _SharedTranslation(msgspec.Struct, frozen=True):
    """A shared resource; None if it was never translated. ``fault``: why its newest content can't be translated."""

    resource: EncodedResource | None
    fault: str | None = None


class _WorkloadEntry(msgspec.Struct, frozen=True):
    """A workload's snapshot, with the resources that it consists of."""

    workload: Workload
    services: frozenset[str]
    shared_keys: frozenset[Key]
    own: _Resources
    snapshot: Snapshot
    own_fault: str | None
    shared_fault: str | None

    def is_of(self, workload: Workload, changed_services: AbstractSet[str], stale: AbstractSet[Key]) -> bool:
        """Whether the inputs of the workload's own resources are the same as when the entry was made."""
        same_services = changed_services.isdisjoint(self.services)
        return self.workload == workload and same_services and stale.isdisjoint(self.shared_keys)


class ChangedSnapshots(NamedTuple):
    """What an update has changed: ``workloads`` whose snapshot is another one, new ones included, and the shared
    resources that were translated, or could not be.
    """

    workloads: frozenset[WorkloadId]
    shared_keys: frozenset[Key]


class SnapshotCache:
    """The translation of the newest mesh. Used from one event loop only."""

    def __init__(self) -> None:
        self.mesh = MeshIR()
        self.placement: Placement | None = None
        """The placement of the newest mesh."""
        self._shared_translations: dict[Key, _SharedTranslation] = {}
        self._faulty_keys: frozenset[Key] = frozenset()
        """The shared resources whose newest content can't be translated."""
        self._entries: dict[WorkloadId, _WorkloadEntry] = {}

    def update(self, mesh: MeshIR, placement: Placement | None = None) -> ChangedSnapshots:
        """Translate what changed. ``placement``: the workloads of the one Envoy that the translation is for; only they
        have snapshots. A cache has a placement in every call or in none, and a workload keeps its place.
        """
        before, self.mesh = self.mesh, mesh
        places_before, self.placement = self.placement, placement
        stale = clusters_with_stale_references(mesh, before, placement)
        changed_keys = self._update_shared(before, stale, places_before)
        services = frozenset(service.name for service in changed_items(mesh.services, before.services))
        served: Mapping[WorkloadId, Workload] = mesh.workloads
        if placement is not None:
            served = {key: workload for key, workload in served.items() if key in placement}
        for workload_id in self._entries.keys() - served.keys():
            del self._entries[workload_id]
        mappings = _EndpointMappings(self._shared_translations)
        only_endpoints = all(type_ is ResourceType.ENDPOINT for type_, _ in changed_keys)
        all_same = mesh.workloads is before.workloads and not services and not stale
        workloads = set()
        for key, workload in served.items():
            entry = self._entries.get(key)
            if entry is None or not (all_same or entry.is_of(workload, services, stale)):
                self._entries[key] = self._assemble(workload, entry, mappings, same=False)
            elif changed_keys.isdisjoint(entry.shared_keys):
                continue
            elif only_endpoints and entry.own_fault is None:
                self._entries[key] = self._with_endpoints(entry, mappings)
            else:
                self._entries[key] = self._assemble(workload, entry, mappings, same=True)
            workloads.add(key)
        return ChangedSnapshots(frozenset(workloads), changed_keys)

    def snapshot(self, workload: WorkloadId) -> Snapshot | None:
        """All resources that a proxy of this workload should have; None when the workload isn't in the mesh."""
        entry = self._entries.get(workload)
        return None if entry is None else entry.snapshot

    def fault(self, workload: WorkloadId) -> str | None:
        """Why a resource of the workload's snapshot isn't the newest; None when all are."""
        entry = self._entries.get(workload)
        return None if entry is None else entry.own_fault or entry.shared_fault

    def resource(self, key: Key) -> EncodedResource | None:
        """A shared resource with its newest content; None when that could not be translated."""
        translation = self._shared_translations.get(key)
        return None if translation is None or translation.fault is not None else translation.resource

    def users(self, key: Key) -> Iterator[WorkloadId]:
        """The workloads that have a shared resource."""
        return (workload for workload, entry in self._entries.items() if key in entry.shared_keys)

    def _update_shared(self, before: MeshIR, stale: frozenset[Key], places_before: Placement | None) -> frozenset[Key]:
        for key in removed_keys(self.mesh, before):
            self._shared_translations.pop(key, None)
        keys = set()
        changed = changed_shared_resources(self.mesh, before, stale, self.placement)
        for shared in chain(changed, moved_groups(self.mesh, self.placement, places_before)):
            self._shared_translations[shared.key] = _translate(shared, self._shared_translations.get(shared.key))
            keys.add(shared.key)
        self._faulty_keys = frozenset(key for key, shared in self._shared_translations.items() if shared.fault)
        return frozenset(keys)

    def _with_endpoints(self, entry: _WorkloadEntry, mappings: _EndpointMappings) -> _WorkloadEntry:
        """The entry of a workload of which only the content of endpoint resources has changed."""
        before = entry.snapshot[ResourceType.ENDPOINT]
        endpoints = mappings.successor(before, entry.shared_keys)
        snapshot = entry.snapshot
        if endpoints is not before:
            snapshot = MappingProxyType({**snapshot, ResourceType.ENDPOINT: endpoints})
        return msgspec.structs.replace(entry, snapshot=snapshot, shared_fault=self._shared_fault(entry.shared_keys))

    def _assemble(
        self, workload: Workload, before: _WorkloadEntry | None, mappings: _EndpointMappings, *, same: bool
    ) -> _WorkloadEntry:
        """Build a workload's entry. ``same``: the inputs of the workload's own resources have not changed."""
        keys = frozenset(shared_keys_of(self.mesh, workload, self._place_of(workload)))
        services = frozenset(embedded_services(workload))
        own, own_fault = self._own_resources(workload, before, same=same)
        snapshot = self._snapshot(keys, own, None if before is None else before.snapshot, mappings)
        return _WorkloadEntry(workload, services, keys, own, snapshot, own_fault, self._shared_fault(keys))

    def _shared_fault(self, keys: frozenset[Key]) -> str | None:
        """Why one of these shared resources isn't the newest; None when all are."""
        faulty = keys & self._faulty_keys
        return self._shared_translations[min(faulty)].fault if faulty else None

    def _own_resources(
        self, workload: Workload, before: _WorkloadEntry | None, *, same: bool
    ) -> tuple[_Resources, str | None]:
        """The workload's own resources, and why they aren't the newest when they couldn't be translated."""
        if same and before is not None and before.own_fault is None:
            return before.own, None
        try:
            return tuple(own_resources(self.mesh, workload, self._place_of(workload))), None
        except _UNTRANSLATABLE as error:
            return () if before is None else before.own, f"{workload.id}: {error}"

    def _place_of(self, workload: Workload) -> WorkloadPlace | None:
        return None if self.placement is None else self.placement[workload.id]

    def _snapshot(
        self, keys: frozenset[Key], own: _Resources, before: Snapshot | None, mappings: _EndpointMappings
    ) -> Snapshot:
        """A snapshot. A type whose resources have not changed keeps its mapping, by which streams recognise it."""
        resources: dict[ResourceType, Mapping[str, EncodedResource]] = {}
        for type_ in ResourceType:
            if type_ is ResourceType.ENDPOINT:
                resources[type_] = mappings.newest(keys, None if before is None else before[type_])
                continue
            present = {resource.name: resource for resource in _resources(self._shared_translations, keys, type_)}
            present.update((resource.name, resource) for own_type, resource in own if own_type is type_)
            resources[type_] = before[type_] if before is not None and before[type_] == present else present
        return MappingProxyType(resources)


class _EndpointMappings:
    """The newest endpoint resources of workloads, by name, for one update. Workloads that have the same resources
    share a mapping, so a change to one resource costs nothing for each resource of each workload.
    """

    def __init__(self, translations: Mapping[Key, _SharedTranslation]) -> None:
        self._translations = translations
        self._by_keys: dict[frozenset[Key], Mapping[str, EncodedResource]] = {}
        self._by_former: dict[int, tuple[Mapping[str, EncodedResource], Mapping[str, EncodedResource]]] = {}
        """Each former mapping, by its identity, with its successor. The mapping is kept so that its identity is not
        another one's meanwhile.
        """

    def successor(
        self, former: Mapping[str, EncodedResource], shared_keys: frozenset[Key]
    ) -> Mapping[str, EncodedResource]:
        """The mapping after ``former``, of a workload that has the same shared resources as before."""
        if id(former) not in self._by_former:
            self._by_former[id(former)] = former, self.newest(shared_keys, former)
        return self._by_former[id(former)][1]

    def newest(
        self, shared_keys: frozenset[Key], former: Mapping[str, EncodedResource] | None = None
    ) -> Mapping[str, EncodedResource]:
        """The endpoint resources among these shared resources; ``former`` itself, if it has the same."""
        keys = frozenset(key for key in shared_keys if key[0] is ResourceType.ENDPOINT)
        newest = self._by_keys.get(keys)
        if newest is None:
            resources = _resources(self._translations, keys, ResourceType.ENDPOINT)
            newest = self._by_keys[keys] = {resource.name: resource for resource in resources}
        return former if former == newest and former is not None else newest


def _resources(
    translations: Mapping[Key, _SharedTranslation], keys: frozenset[Key], type_: ResourceType
) -> Iterator[EncodedResource]:
    """The shared resources of a type, in the order of their keys."""
    for key in sorted(key for key in keys if key[0] is type_ and key in translations):
        resource = translations[key].resource
        if resource is not None:
            yield resource


def _translate(resource: SharedResource, before: _SharedTranslation | None) -> _SharedTranslation:
    try:
        return _SharedTranslation(encode(resource.name, resource.build(), resource.endpoints))
    except _UNTRANSLATABLE as error:
        last_good = None if before is None else before.resource
        return _SharedTranslation(last_good, f"{resource.name}: {error}")
