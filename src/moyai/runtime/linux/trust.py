"""What the owner of this machine lets task definitions have of it.

Promise: nothing, unless the settings say so: who may call the API is not always who owns the machine. A host path must
be below one of the named directories, and never lead to moyai's own state; a capability beyond Docker's default set and
SYS_PTRACE needs ``--allow-capabilities``. What is not allowed stops the task with a reason that names the setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.ports.runtime import CannotCreate

_HARMLESS = DEFAULT_CAPABILITIES | {"SYS_PTRACE"}


class Trust(NamedTuple):
    """``directories``: below these, containers may have directories of the machine. ``capabilities``: any is given."""

    directories: tuple[Path, ...] = ()
    capabilities: bool = False

    def way(self, path: str, state: Path) -> tuple[str, str]:
        """The allowed directory that a host path is below, and the way from there. Raises CannotCreate."""
        asked = Path(path)
        for directory in sorted(self.directories, key=lambda place: -len(place.parts)):
            if asked.is_relative_to(directory):
                home = directory.resolve()
                meant = home / asked.relative_to(directory)
                if meant.is_relative_to(state) or state.is_relative_to(meant):
                    raise CannotCreate(f"the host path {path} has moyai's own state in it")
                return str(home), str(asked.relative_to(directory))
        raise CannotCreate(
            f"the host path {path} is not below a directory that this machine's owner allows; start moyai with"
            " --host-volumes DIRECTORY"
        )

    def check(self, capabilities: Iterable[str]) -> None:
        """Raises CannotCreate for a capability that is not given."""
        beyond = sorted(set(capabilities) - _HARMLESS)
        if beyond and not self.capabilities:
            raise CannotCreate(
                f"the capabilities {', '.join(beyond)} reach beyond the container, and this machine's owner doesn't"
                " allow them; start moyai with --allow-capabilities"
            )


NO_TRUST = Trust()
"""Nothing of the machine."""
