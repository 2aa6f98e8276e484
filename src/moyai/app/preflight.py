"""What stands in the way of starting, found before anything is made."""

from __future__ import annotations

from moyai.app.config import RuntimeKind, Settings
from moyai.app.keys import AccessKeys
from moyai.runtime.linux.host import check_host, check_limits


def problems(settings: Settings) -> list[str]:
    """A line for each thing to mend, with what to do; empty when moyai can start."""
    found = []
    if not settings.server.loopback and not AccessKeys(settings.state.keys).list():
        found.append(
            f"listening on {settings.server.listen} needs access keys, or anybody could run tasks here: "
            f"make one with `moyai keys create --state {settings.state.root}`"
        )
    if settings.runtime is RuntimeKind.LINUX:
        found += check_host()
    return found


def warnings(settings: Settings) -> list[str]:
    """What will be missing, a line each, though moyai can start."""
    return check_limits() if settings.runtime is RuntimeKind.LINUX else []
