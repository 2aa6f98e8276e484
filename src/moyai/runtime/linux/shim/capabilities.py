"""This process's capabilities: capabilities(7), linux/capability.h, linux/prctl.h. Each function raises OSError."""

from __future__ import annotations

import ctypes
import errno

from moyai.runtime.linux.shim import syscalls

_PR_SET_KEEPCAPS = 8
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63
_BITS = 0xFFFFFFFF

_libc = ctypes.CDLL(None, use_errno=True)


def keep_over_user_change() -> None:
    """Keep permitted capabilities at the next change of user."""
    syscalls.prctl(_PR_SET_KEEPCAPS, 1)


def limit_bounding_set(keep: tuple[int, ...]) -> None:
    """Drop all capabilities but ``keep`` from the bounding set, for good."""
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in keep:
            try:
                syscalls.prctl(_PR_CAPBSET_DROP, capability)
            except OSError as error:
                if error.errno != errno.EINVAL:  # EINVAL: past the last capability that this kernel knows
                    raise
                return


def set_effective(numbers: tuple[int, ...] | None = None) -> None:
    """Make the permitted capabilities effective: those in ``numbers``, or all with None."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    words = (ctypes.c_uint32 * 6)()
    syscalls.check(_libc.capget(header, words), "capget")
    for high in (0, 1):
        effective, permitted = high * 3, high * 3 + 1
        words[effective] = words[permitted] & (_BITS if numbers is None else _mask(numbers, high))
    syscalls.check(_libc.capset(header, words), "capset")


def set_permitted(effective: tuple[int, ...], inheritable: tuple[int, ...]) -> None:
    """Set the effective and permitted sets to ``effective``, and the inheritable set."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    words = (ctypes.c_uint32 * 6)()
    for high in (0, 1):
        words[high * 3] = words[high * 3 + 1] = _mask(effective, high)
        words[high * 3 + 2] = _mask(inheritable, high)
    syscalls.check(_libc.capset(header, words), "capset")


def _mask(capabilities: tuple[int, ...], high: int) -> int:
    return sum(1 << bit for word, bit in (divmod(number, 32) for number in capabilities) if word == high)


def raise_ambient(capabilities: tuple[int, ...]) -> None:
    """Keep these capabilities over ``exec`` for a user that is not root."""
    for capability in capabilities:
        syscalls.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
