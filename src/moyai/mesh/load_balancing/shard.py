"""Collects the parts of a front proxy's shard while it is compiled."""

from __future__ import annotations

from moyai.domain.elb.target_group import Target
from moyai.domain.sandbox.open_files import OpenLimits
from moyai.domain.world import World
from moyai.kernel.ids import TargetGroupArn
from moyai.mesh.ir import (
    Certificate,
    Destination,
    Diagnostic,
    EndpointGroup,
    FrontListener,
    Member,
    MeshIR,
    MeshService,
    Workload,
)


class FrontBuilder:
    """The parts of a shard, each once by its name. ``health_events``: the file for the events of health checks;
    ``limits``: of the whole front proxy.
    """

    def __init__(self, world: World, health_events: str, limits: OpenLimits) -> None:
        self.world = world
        self.health_events = health_events
        self.limits = limits
        self.listeners: list[FrontListener] = []
        self._services: dict[str, MeshService] = {}
        self._destinations: dict[str, Destination] = {}
        self._groups: dict[str, EndpointGroup] = {}
        self._certificates: dict[str, Certificate] = {}
        self._diagnostics: dict[Diagnostic, None] = {}
        self._members: dict[TargetGroupArn, tuple[Member, ...]] = {}

    def members(self, group: TargetGroupArn) -> tuple[Member, ...]:
        """The targets of a group. Only changes of what the proxy gets count as changes of the shard.

        The targets are read once, however many rules use the group.
        """
        if group not in self._members:
            self._members[group] = self.world.targets.projection(_member).by("group", group)
        return self._members[group]

    def report(self, subject: str, message: str) -> None:
        """Report that a part of the subject is left out."""
        self._diagnostics[Diagnostic(subject, message)] = None

    def add_service(self, service: MeshService) -> None:
        """Add the routes of a listener."""
        self._services[service.name] = service

    def add_destination(self, destination: Destination, endpoints: EndpointGroup) -> None:
        """Add a target group with its endpoints."""
        self._destinations[destination.name] = destination
        self._groups[endpoints.name] = endpoints

    def has_destination(self, name: str) -> bool:
        """Whether the target group was added."""
        return name in self._destinations

    def add_certificate(self, certificate: Certificate) -> None:
        """Add a certificate that listeners present."""
        self._certificates[certificate.name] = certificate

    def build(self, workload: Workload) -> MeshIR:
        """The shard with its workload."""
        return MeshIR(
            workloads={workload.id: workload},
            services=self._services,
            destinations=self._destinations,
            groups=self._groups,
            certificates=self._certificates,
            diagnostics=tuple(self._diagnostics),
        )


def _member(target: Target) -> Member:
    return Member(target.zone, target.address, target.port, draining=target.deregistered_at is not None)
