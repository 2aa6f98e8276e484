"""Forks container monitors, until the control plane closes the socket on standard input.

A request is the path of a launch configuration, with the descriptors of the monitor's standard output and error. Each
monitor leads a session of its own, has no other monitor's descriptor or request in its memory, and is not a child of
this process.
"""

from __future__ import annotations

import _socket
import gc
import os
import sys

from moyai.runtime.linux.shim import monitor

_MAX_REQUEST_BYTES = 4096
_DESCRIPTOR_BYTES = 4
_DESCRIPTORS = 2


def main() -> None:
    """Fork a monitor for each request."""
    requests = _socket.socket(fileno=0)
    gc.freeze()  # the memory of monitors stays shared
    ancillary_bytes = _socket.CMSG_SPACE(_DESCRIPTORS * _DESCRIPTOR_BYTES)
    path = bytearray(_MAX_REQUEST_BYTES)  # one buffer for all requests, which is cleared: later monitors inherit it
    while True:
        length, ancillary, _, _ = requests.recvmsg_into([path], ancillary_bytes, _socket.MSG_CMSG_CLOEXEC)
        if not length:
            return
        [(_, _, descriptors)] = ancillary
        files = [
            int.from_bytes(descriptors[start : start + _DESCRIPTOR_BYTES], sys.byteorder)
            for start in range(0, len(descriptors), _DESCRIPTOR_BYTES)
        ]
        child = os.fork()
        if child == 0:
            _become_monitor(os.fsdecode(bytes(path[:length])), files)
        path[:length] = bytes(length)
        for fd in files:
            os.close(fd)
        os.waitpid(child, 0)  # the child forks the monitor and ends


def _become_monitor(path: str, files: list[int]) -> None:
    """Make the request's descriptors the standard streams of this process, and run the monitor. Never returns."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for target, fd in enumerate((null, *files)):
        os.dup2(fd, target)
    for fd in (null, *files):
        os.close(fd)
    code = 1
    try:
        monitor.main(path)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        os._exit(code)
