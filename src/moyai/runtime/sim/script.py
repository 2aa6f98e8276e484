"""What a simulated container does, as its command or environment says. See the package for the words."""

from __future__ import annotations

import msgspec

from moyai.domain.sandbox.spec import ContainerSpec
from moyai.ports.runtime import CannotCreate

VARIABLE = "MOYAI_SIM"
_SIGTERM_EXIT = 143


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One container's behaviour; times in seconds from its start, or from SIGTERM."""

    exit: int = 0
    after: float | None = None
    healthy_after: float = 1.0
    unhealthy_after: float | None = None
    term_after: float = 0.0
    term_exit: int = _SIGTERM_EXIT
    ignore_term: bool = False
    cannot_start: bool = False
    cpu: float = 0.0
    memory: float = 0.0


def script_of(container: ContainerSpec) -> Script:
    """The script of a container; the default one, which runs until it is stopped, for any other command.

    Raises CannotCreate for words that are none.
    """
    command = container.command or ()
    words = command[1:] if command and command[0] == "sim" else str(container.environment.get(VARIABLE, "")).split()
    try:
        return msgspec.convert(dict(_pair(w) for w in words), Script, strict=False)
    except msgspec.ValidationError as bad:
        raise CannotCreate(f"{' '.join(words)!r} is no script of the sim runtime: {bad}") from bad


def _pair(word: str) -> tuple[str, str]:
    name, is_set, value = word.partition("=")
    return name, value if is_set else "true"
