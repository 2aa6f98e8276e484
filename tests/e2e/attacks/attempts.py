"""Runs the attempts of a program in ``programs/``, in containers of moyai and Docker, with a line of JSON for each.

Programs need only Python 3.11 and its standard library. Each attempt runs in a process of its own, so that it does not
affect the next one.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Callable

REFUSED, SUCCEEDED = "refused", "succeeded"
IN_CONTAINER = "MOYAI_ATTACKED_CONTAINER"
"""The environment variable without which nothing is tried: outside of a container, an attempt would hit the machine."""
_LONGEST = 30
"""The time limit of an attempt; one that exceeds it counts as refused."""

libc = ctypes.CDLL(None, use_errno=True)


def system_call(number: int, *arguments: object) -> int:
    """``syscall(2)``; its result. Raises OSError. An int is passed as a long."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    libc.syscall.restype = ctypes.c_long
    return check(int(libc.syscall(ctypes.c_long(number), *words)))


def reach(number: int, *arguments: object) -> str:
    """Make a system call whose arguments may be invalid: any error of the kernel's own is a success.

    Raises OSError for the errors of a seccomp filter, EPERM and ENOSYS.
    """
    try:
        return str(system_call(number, *arguments))
    except OSError as error:
        if error.errno in {errno.EPERM, errno.ENOSYS}:
            raise
        return f"the kernel answers {errno.errorcode[error.errno or 0]}"


def check(result: int) -> int:
    """The result of a libc function. Raises OSError when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def attempt(name: str, action: Callable[[], object]) -> None:
    """Run ``action`` and print the outcome: an OSError or a fatal signal is a refusal, anything else a success.

    The result of ``action`` is the detail of a success.
    """
    if IN_CONTAINER not in os.environ:
        raise SystemExit("attacks run inside containers only")
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(_LONGEST)
        os.write(writing, json.dumps(_outcome(action)).encode()[:4096])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        report = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code > 0:
        raise SystemExit(f"{name} failed in itself: it is neither a refusal nor a success")
    outcome, detail = json.loads(report) if report else (REFUSED, signal.Signals(-code).name)
    print(json.dumps({"attempt": name, "outcome": outcome, "detail": detail}), flush=True)


def _outcome(action: Callable[[], object]) -> tuple[str, str]:
    try:
        result = action()
    except OSError as error:
        return REFUSED, errno.errorcode.get(error.errno or 0, str(error))
    return SUCCEEDED, "" if result is None else str(result)
