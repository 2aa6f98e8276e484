"""The capabilities, resource limits and mount options of Linux that a specification may have.

Sources: https://man7.org/linux/man-pages/man7/capabilities.7.html, https://man7.org/linux/man-pages/man5/tmpfs.5.html,
https://man7.org/linux/man-pages/man2/getrlimit.2.html (numbers in ``asm-generic/resource.h``),
https://docs.docker.com/engine/security/#linux-kernel-capabilities
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALL: Final = "ALL"
"""The name that means every capability."""

CAPABILITIES: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            (
                *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
                *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
                *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
                *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
                *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
                *("WAKE_ALARM", "BLOCK_SUSPEND"),
            )
        )
    }
)
"""The capabilities that ECS knows, with their numbers."""

DEFAULT_CAPABILITIES = frozenset(
    {
        *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE"),
        *("NET_RAW", "SYS_CHROOT", "AUDIT_WRITE", "SETFCAP"),
    }
)
"""Docker's default set without MKNOD, because moyai has no devices cgroup."""

UNLIMITED: Final = -1

ULIMITS: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            (
                *("cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks"),
                *("sigpending", "msgqueue", "nice", "rtprio", "rttime"),
            )
        )
    }
)
"""The resource limits of Linux, with their numbers. ECS knows all but ``as``."""

TMPFS_FLAGS = frozenset(
    {
        *("defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync"),
        *("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime"),
    }
)
"""Mount options without a value."""

_NUMBER = re.compile(r"[0-9]{1,9}")
TMPFS_VALUES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {"mode": re.compile(r"[0-7]{1,4}"), "uid": _NUMBER, "gid": _NUMBER, "nr_inodes": re.compile(r"[0-9]{1,9}[km]?")}
)
"""Mount options of a tmpfs with a value, and the pattern of the value."""

_KERNEL = ("proc", "sys", "dev")
_LONGEST = 1024


def is_inner_path(path: str) -> bool:
    """Whether a container can have a mount at this path: it is absolute, below the root, without ``..``, and not in a
    directory of the kernel or the runtime.
    """
    parts = path.split("/")[1:]
    words = [part for part in parts if part not in {"", "."}]
    if not path.startswith("/") or len(path) > _LONGEST or not path.isprintable() or ".." in words:
        return False
    return bool(words) and words[0] not in _KERNEL
