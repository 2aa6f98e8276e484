"""The script of a simulated container, from its command or environment. The package documents the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec
from moyai.ports.runtime import CannotCreate

VARIABLE = "MOYAI_SIM"
_SIGTERM_EXIT = 143
_MAX_NUMBER = 1_000_000
_ALL_PERCENT = 100


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The behaviour of a container; times are in seconds from its start, or from SIGTERM."""

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
        simulated_calls(self)


class SimulatedCall(msgspec.Struct, frozen=True):
    """Requests to a discovery name: ``rate`` a second, answered in ``ms`` (the median); ``failing`` of 100 fail."""

    name: str
    rate: float
    ms: float = 5.0
    failing: float = 0.0


def container_script(container: ContainerSpec) -> Script:
    """The script of a container. Raises CannotCreate for unknown words."""
    return parse_script(container.command, container.environment)


def proxy_script(proxy: ProxySpec) -> Script:
    """The script of a proxy: that of the container for which it stands, if its environment has one."""
    environment = {} if proxy.container is None else proxy.container.environment
    return parse_script((), environment) if VARIABLE in environment else PROXY_SCRIPT


def parse_script(command: Sequence[str] | None, environment: Mapping[str, object]) -> Script:
    """The script in a command or an environment; by default the container runs until it is stopped.

    Raises CannotCreate for unknown words.
    """
    command = command or ()
    words = command[1:] if command and command[0] == "sim" else str(environment.get(VARIABLE, "")).split()
    try:
        return msgspec.convert(dict(_split_word(w) for w in words), Script, strict=False)
    except msgspec.ValidationError as error:
        raise CannotCreate(f"{' '.join(words)!r} is no script of the sim runtime: {error}") from error


def simulated_calls(script: Script) -> tuple[SimulatedCall, ...]:
    """The requests of a script: ``NAME:RATE[:MS[:FAILING]]``, separated by commas. Raises ValueError."""
    return tuple(_parse_call(text) for text in script.calls.split(",") if text)


def _parse_call(text: str) -> SimulatedCall:
    name, *numbers = text.split(":")
    try:
        call = SimulatedCall(name, *(float(number) for number in numbers))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r} is not NAME:RATE[:MS[:FAILING]]") from error
    if not (
        name and 0 <= call.rate <= _MAX_NUMBER and 0 < call.ms <= _MAX_NUMBER and 0 <= call.failing <= _ALL_PERCENT
    ):
        raise ValueError(f"{text!r} is out of range")
    return call


def _split_word(word: str) -> tuple[str, str]:
    name, is_set, value = word.partition("=")
    return name, value if is_set else "true"


PROXY_SCRIPT = Script(healthy_after=0.5, term_exit=0)
"""A simulated proxy is live after half a second and ends at SIGTERM."""
