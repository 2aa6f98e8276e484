"""The policy for what task definitions may use of this machine.

Promise: a task uses nothing of the machine that the settings don't allow, because a client of the API need not own the
machine. A host path must be below one of the allowed directories and must not contain moyai's own state. A capability
beyond Docker's default set and SYS_PTRACE needs ``--allow-capabilities``. A task that asks for more stops with a reason
that names the setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.ports.runtime import CannotCreate

_ALWAYS_ALLOWED = DEFAULT_CAPABILITIES | {"SYS_PTRACE"}


class HostAccess(NamedTuple):
    """What the settings allow. ``directories``: containers may mount what is below these; ``capabilities``: whether
    containers may add any capability.
    """

    directories: tuple[Path, ...] = ()
    capabilities: bool = False

    def split_host_path(self, path: str, state: Path) -> tuple[str, str]:
        """The allowed directory above a host path, resolved, and the path relative to it. Raises CannotCreate."""
        host_path = Path(path)
        for directory in sorted(self.directories, key=lambda allowed: -len(allowed.parts)):
            if host_path.is_relative_to(directory):
                base = directory.resolve()
                target = base / host_path.relative_to(directory)
                if target.is_relative_to(state) or state.is_relative_to(target):
                    raise CannotCreate(f"the host path {path} has moyai's own state in it")
                return str(base), str(host_path.relative_to(directory))
        raise CannotCreate(
            f"the host path {path} is not below a directory that this machine's owner allows; start moyai with"
            " --host-volumes DIRECTORY"
        )

    def check_capabilities(self, capabilities: Iterable[str]) -> None:
        """Raise CannotCreate for a capability that is not allowed."""
        beyond = sorted(set(capabilities) - _ALWAYS_ALLOWED)
        if beyond and not self.capabilities:
            raise CannotCreate(
                f"the capabilities {', '.join(beyond)} reach beyond the container, and this machine's owner doesn't"
                " allow them; start moyai with --allow-capabilities"
            )


NO_HOST_ACCESS = HostAccess()
