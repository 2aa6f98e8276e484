"""What a simulated container does, as its command or environment says. See the package for the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec
from moyai.ports.runtime import CannotCreate

VARIABLE = "MOYAI_SIM"
_SIGTERM_EXIT = 143
_MOST = 1_000_000
_ALL = 100


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One container's behaviour; times in seconds from its start, or from SIGTERM."""

    exit: int = 0
    after: float | None = None
    listens_after: float = 0.0
    healthy_after: float = 1.0
    unhealthy_after: float | None = None
    term_after: float = 0.0
    term_exit: int = _SIGTERM_EXIT
    ignore_term: bool = False
    cannot_start: bool = False
    cpu: float = 0.0
    memory: float = 0.0
    network: float = 0.0
    disk: float = 0.0
    calls: str = ""

    def __post_init__(self) -> None:
        calls_of(self)


class Call(msgspec.Struct, frozen=True):
    """Requests to a discovery name: so many a second, answered in ``ms`` (the median), ``failing`` of 100 in vain."""

    name: str
    rate: float
    ms: float = 5.0
    failing: float = 0.0


def script_of(container: ContainerSpec) -> Script:
    """The script of a container. Raises CannotCreate for words that are none."""
    return script(container.command, container.environment)


def script_of_proxy(proxy: ProxySpec) -> Script:
    """The script of a proxy: that of the container that it stands for, if its environment has one."""
    environment = {} if proxy.container is None else proxy.container.environment
    return script((), environment) if VARIABLE in environment else PROXY


def script(command: Sequence[str] | None, environment: Mapping[str, object]) -> Script:
    """What a command or an environment says; the default, which runs until it is stopped, for any other command.

    Raises CannotCreate for words that are none.
    """
    command = command or ()
    words = command[1:] if command and command[0] == "sim" else str(environment.get(VARIABLE, "")).split()
    try:
        return msgspec.convert(dict(_pair(w) for w in words), Script, strict=False)
    except msgspec.ValidationError as bad:
        raise CannotCreate(f"{' '.join(words)!r} is no script of the sim runtime: {bad}") from bad


def calls_of(script: Script) -> tuple[Call, ...]:
    """Whom it calls: ``NAME:RATE[:MS[:FAILING]]``, with commas between. Raises ValueError."""
    return tuple(_call(one) for one in script.calls.split(",") if one)


def _call(text: str) -> Call:
    name, *numbers = text.split(":")
    try:
        call = Call(name, *(float(number) for number in numbers))
    except (TypeError, ValueError) as bad:
        raise ValueError(f"{text!r} is not NAME:RATE[:MS[:FAILING]]") from bad
    if not (name and 0 <= call.rate <= _MOST and 0 < call.ms <= _MOST and 0 <= call.failing <= _ALL):
        raise ValueError(f"{text!r} is out of range")
    return call


def _pair(word: str) -> tuple[str, str]:
    name, is_set, value = word.partition("=")
    return name, value if is_set else "true"


PROXY = Script(healthy_after=0.5, term_exit=0)
"""How a simulated proxy behaves: live after half a second, gone at SIGTERM."""
