"""The filter of a container, by its capabilities. The few sets that are in use are compiled once each.

Raises OSError when libseccomp is missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from moyai.domain.sandbox.linux import CAPABILITIES, DEFAULT_CAPABILITIES
from moyai.runtime.linux.seccomp.libseccomp import compile_rules
from moyai.runtime.linux.seccomp.profile import ALLOW, Rule, default_profile, version
from moyai.runtime.linux.seccomp.unknown import refuse_newer

_NAMES: Mapping[int, str] = MappingProxyType({number: f"CAP_{name}" for name, number in CAPABILITIES.items()})
_SETS = 256
"""More than anybody's task definitions have; a filter takes some 10 kB."""


def filter_of(capabilities: Iterable[int], further_calls: Iterable[str] = ()) -> bytes:
    """The filter for a container with these capabilities in its bounding set, in the kernel's classic BPF.

    ``further_calls``: names of system calls that are allowed as well.
    """
    here = os.uname()
    names = frozenset(_NAMES[number] for number in capabilities)
    return compiled(names, frozenset(further_calls), f"SCMP_ARCH_{here.machine.upper()}", version(here.release))


def compile_common() -> None:
    """Compile what most applications and all proxies have, so that the first container doesn't wait for it."""
    for names in (DEFAULT_CAPABILITIES, ()):
        filter_of(CAPABILITIES[name] for name in names)


@lru_cache(_SETS)
def compiled(
    capabilities: frozenset[str], further_calls: frozenset[str], native: str, kernel: tuple[int, int]
) -> bytes:
    """The filter for an architecture (SCMP_ARCH_*) and a kernel (major, minor); ``capabilities`` with CAP_."""
    profile = default_profile()
    architectures = profile.architectures(native)
    rules = [*profile.rules(capabilities, native, kernel), Rule(tuple(sorted(further_calls)), ALLOW)]
    beginning = refuse_newer(profile.names(), architectures)
    return beginning + compile_rules(rules, profile.default_errno_ret, architectures)
