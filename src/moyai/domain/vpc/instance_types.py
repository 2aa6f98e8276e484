"""A few of EC2's instance types, for tools that look them up before they choose the sizes of tasks.

Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

_X86, _ARM = "x86_64", "arm64"


class InstanceType(NamedTuple):
    """An instance type. ``memory`` in MiB."""

    name: str
    architecture: str
    cpus: int
    memory: int


INSTANCE_TYPES: Final = tuple(
    InstanceType(name, architecture, cpus, memory * 1024)
    for name, architecture, cpus, memory in (
        ("c5.large", _X86, 2, 4),
        ("c5.xlarge", _X86, 4, 8),
        ("c6g.large", _ARM, 2, 4),
        ("c6g.xlarge", _ARM, 4, 8),
        ("m5.large", _X86, 2, 8),
        ("m5.xlarge", _X86, 4, 16),
        ("m5.2xlarge", _X86, 8, 32),
        ("m6g.large", _ARM, 2, 8),
        ("m6g.xlarge", _ARM, 4, 16),
        ("m6i.large", _X86, 2, 8),
        ("m6i.xlarge", _X86, 4, 16),
        ("r5.large", _X86, 2, 16),
        ("r6g.large", _ARM, 2, 16),
        ("t3.micro", _X86, 2, 1),
        ("t3.small", _X86, 2, 2),
        ("t3.medium", _X86, 2, 4),
        ("t3.large", _X86, 2, 8),
        ("t4g.micro", _ARM, 2, 1),
        ("t4g.small", _ARM, 2, 2),
        ("t4g.medium", _ARM, 2, 4),
        ("t4g.large", _ARM, 2, 8),
    )
)
"""In the order of their names within a family."""
