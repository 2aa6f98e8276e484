"""The newest mesh, translated: each resource once, each workload's snapshot from the shared pieces.

Promise: what didn't change keeps its bytes and its version, and what can't be translated keeps its last good form, with
the reason beside it. A change costs what it touches; of everything else in the mesh it costs a look, when it is the
same object as before, or a comparison. Not a word about streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh, Workload
from moyai.xds.server.pieces import Key, Piece, gone_keys, other_pieces, others, own_pieces, rippling, shared_keys
from moyai.xds.server.resource import Kind, Resource, Snapshot, resource

_UNTRANSLATABLE = (TypeError, ValueError)
"""What protocol buffers raise for a value that their message can't hold."""
_Pieces = tuple[tuple[Kind, Resource], ...]


class _Shared(msgspec.Struct, frozen=True):
    """A resource that workloads share; None when it never could be translated."""

    resource: Resource | None
    fault: str | None = None


class _Own(msgspec.Struct, frozen=True):
    """One workload's snapshot, and everything it was made from."""

    workload: Workload
    services: frozenset[str]
    shared: frozenset[Key]
    pieces: _Pieces
    snapshot: Snapshot
    own_fault: str | None
    shared_fault: str | None


class SnapshotCache:
    """Translations of the newest mesh. Used from one event loop only."""

    def __init__(self) -> None:
        self.mesh = Mesh()
        self._shared: dict[Key, _Shared] = {}
        self._own: dict[WorkloadId, _Own] = {}

    def update(self, mesh: Mesh) -> frozenset[WorkloadId]:
        """Translate what changed; returns the workloads, new ones too, whose snapshot is another one now."""
        before, self.mesh = self.mesh, mesh
        rippled = rippling(mesh, before)
        touched = self._update_shared(before, rippled)
        services = frozenset(service.name for service in others(mesh.services, before.services))
        for gone in self._own.keys() - mesh.workloads.keys():
            del self._own[gone]
        changed = set()
        for key, workload in mesh.workloads.items():
            own = self._own.get(key)
            same = own is not None and own.workload == workload and services.isdisjoint(own.services)
            same = same and own is not None and rippled.isdisjoint(own.shared)
            if own is None or not same or not touched.isdisjoint(own.shared):
                self._own[key] = self._assemble(workload, own, same=same)
                changed.add(key)
        return frozenset(changed)

    def snapshot(self, workload: WorkloadId) -> Snapshot | None:
        """Everything that a proxy which is led as this workload should have; None when it isn't in the mesh."""
        own = self._own.get(workload)
        return None if own is None else own.snapshot

    def fault(self, workload: WorkloadId) -> str | None:
        """Why a part of the workload's snapshot isn't the newest."""
        own = self._own.get(workload)
        return None if own is None else own.own_fault or own.shared_fault

    def resource(self, key: Key) -> Resource | None:
        """A shared resource in its newest form; None when that could not be translated."""
        shared = self._shared.get(key)
        return None if shared is None or shared.fault is not None else shared.resource

    def users(self, key: Key) -> Iterator[WorkloadId]:
        """The workloads that have a shared resource."""
        return (workload for workload, own in self._own.items() if key in own.shared)

    def _update_shared(self, before: Mesh, rippled: frozenset[Key]) -> frozenset[Key]:
        for key in gone_keys(self.mesh, before):
            self._shared.pop(key, None)
        touched = set()
        for piece in other_pieces(self.mesh, before, rippled):
            self._shared[piece.key] = _translated(piece, self._shared.get(piece.key))
            touched.add(piece.key)
        return frozenset(touched)

    def _assemble(self, workload: Workload, before: _Own | None, *, same: bool) -> _Own:
        shared = frozenset(shared_keys(self.mesh, workload))
        services = frozenset(call.service for call in workload.outbound.calls)
        pieces, own_fault = self._own_pieces(workload, before, same=same)
        faults = (self._shared[key].fault for key in sorted(shared & self._shared.keys()))
        shared_fault = next((fault for fault in faults if fault is not None), None)
        snapshot = self._together(shared, pieces)
        return _Own(workload, services, shared, pieces, snapshot, own_fault, shared_fault)

    def _own_pieces(self, workload: Workload, before: _Own | None, *, same: bool) -> tuple[_Pieces, str | None]:
        """The workload's own resources, and why they aren't the newest when they couldn't be translated."""
        if same and before is not None and before.own_fault is None:
            return before.pieces, None
        try:
            return tuple(own_pieces(self.mesh, workload)), None
        except _UNTRANSLATABLE as error:
            return () if before is None else before.pieces, f"{workload.id}: {error}"

    def _together(self, shared: frozenset[Key], pieces: _Pieces) -> Snapshot:
        found: Mapping[Kind, dict[str, Resource]] = {kind: {} for kind in Kind}
        for kind, piece in (*self._translations(shared), *pieces):
            found[kind][piece.name] = piece
        return MappingProxyType(found)

    def _translations(self, keys: frozenset[Key]) -> Iterator[tuple[Kind, Resource]]:
        for key in sorted(keys & self._shared.keys()):
            translation = self._shared[key].resource
            if translation is not None:
                yield key[0], translation


def _translated(piece: Piece, before: _Shared | None) -> _Shared:
    try:
        return _Shared(resource(piece.name, piece.build(), piece.endpoints))
    except _UNTRANSLATABLE as error:
        last_good = None if before is None else before.resource
        return _Shared(last_good, f"{piece.name}: {error}")
