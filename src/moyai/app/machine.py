"""Registers this machine as container instances."""

from __future__ import annotations

import logging
import os
import platform
import re
from importlib.metadata import version

from moyai.app.config import MachineSettings
from moyai.domain.ecs.container_instance import Resources, VersionInfo
from moyai.kernel.arn import arn
from moyai.kernel.clock import Clock
from moyai.kernel.ids import AccountId, ClusterArn, Ids, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.plan.capacity.registration import Machine, RegistrationImpossible, register_machine
from moyai.ports.store import Store

_UNITS = 1024
_MIB = 1024 * 1024
_log = logging.getLogger(__name__)
_ARCHITECTURES = re.compile(r"aarch64|arm64")


def describe_machine(settings: MachineSettings, account: AccountId) -> Machine:
    """The machine, divided into equal instances of the account's cluster."""
    scope = Scope(account, Region(settings.region))
    share = max(1, settings.instances)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
    return Machine(
        cluster=ClusterArn(arn("ecs", scope, f"cluster/{settings.cluster}")),
        count=settings.instances,
        resources=Resources(
            cpu=settings.cpu or max(1, (os.cpu_count() or 1) * _UNITS // share),
            memory=settings.memory or max(1, pages // share),
        ),
        architecture="arm64" if _ARCHITECTURES.fullmatch(platform.machine()) else "x86_64",
        version_info=VersionInfo(agent_version=version("moyai")),
    )


def register_instances(settings: MachineSettings, store: Store, clock: Clock, ids: Ids) -> None:
    """Register this machine as the container instances that the settings ask for."""
    machine = describe_machine(settings, DEFAULT_SCOPE.account)
    try:
        while changes := register_machine(store.world, machine, clock.now(), ids):
            store.apply(changes)
    except RegistrationImpossible as fault:
        _log.warning("no further container instance could be registered: %s", fault)
