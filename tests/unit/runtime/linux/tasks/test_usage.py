"""The traffic of a network, from the kernel's counters."""

from __future__ import annotations

import os

from moyai.domain.sandbox.state import NetworkUsage
from moyai.runtime.linux.tasks.usage import parse_counters, process_network_usage

DEV = """Inter-|   Receive        |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 9000      90    0    0    0     0          0         0     9000      90    0    0    0     0       0          0
  eth0: 1200      12    0    0    0     0          0         0      340       3    0    0    0     0       0          0
  eth1:7 1 0 0 0 0 0 0 60 1 0 0 0 0 0 0
"""


def test_loopback_does_not_count():
    assert parse_counters(DEV) == NetworkUsage(1207, 400)


def test_the_machines_network_and_an_ended_process_have_no_usage():
    assert process_network_usage(os.getpid()) is None
    assert process_network_usage(2**22 + 1) is None
