"""Machine images of Amazon, which templates name for container instances and other hosts. Nothing runs them.

Promise: an image's id follows from its name and the region, so it is always the same.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html, ecs-bottlerocket.html there,
https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

AMAZON: Final = "amazon"
AGENT_VERSION: Final = "1.89.3"
RUNTIME_VERSION: Final = "Docker version 25.0.6"
_ECS, _LINUX, _BOTTLEROCKET_OWNER = "591542846629", "137112412989", "092701018921"
"""The accounts that own the images for Amazon ECS, the plain ones of Amazon Linux, and Bottlerocket's in us-east-1; in
other regions, Bottlerocket's are other accounts'.
"""
_CREATED: Final = "2025-02-06T00:00:00.000Z"
_DIGITS: Final = 17
OPTIMIZED: Final = "ecs/optimized-ami/"
BOTTLEROCKET: Final = "bottlerocket/"
PLAIN: Final = "ami-amazon-linux-latest/"
"""The beginnings of the names of public parameters below ``/aws/service/``."""


class MachineImage(NamedTuple):
    """A machine image; ``parameter`` is the name of its public parameter, or of the folder of several, below
    ``/aws/service/``.
    """

    id: str
    parameter: str
    name: str
    version: str
    os: str
    architecture: str
    created: str = _CREATED

    @property
    def owner(self) -> str:
        """The account that owns the image."""
        if self.parameter.startswith(BOTTLEROCKET):
            return _BOTTLEROCKET_OWNER
        return _LINUX if self.parameter.startswith(PLAIN) else _ECS

    @property
    def description(self) -> str:
        """The purpose of the image."""
        purpose = "" if self.parameter.startswith(PLAIN) else " for Amazon ECS"
        return f"{self.os} AMI {self.version} {self.architecture}{purpose}"


_AL1, _AL2, _AL2023, _BOTTLEROCKET = "Amazon Linux 1", "Amazon Linux 2", "Amazon Linux 2023", "Bottlerocket"
_V1, _V2, _V2023, _VB = "2018.03.20250206", "2.0.20250206", "2023.0.20250206", "1.32.0"
_P2, _P2023 = "2.0.20250206.0", "2023.6.20250206.0"
_IMAGES: Final = (
    ("amazon-linux-2023", f"al2023-ami-ecs-hvm-{_V2023}-kernel-6.1-x86_64", _V2023, _AL2023, "x86_64"),
    ("amazon-linux-2023/arm64", f"al2023-ami-ecs-hvm-{_V2023}-kernel-6.1-arm64", _V2023, _AL2023, "arm64"),
    ("amazon-linux-2023/neuron", f"al2023-ami-ecs-neuron-hvm-{_V2023}-kernel-6.1-x86_64", _V2023, _AL2023, "x86_64"),
    ("amazon-linux-2", f"amzn2-ami-ecs-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
    ("amazon-linux-2/arm64", f"amzn2-ami-ecs-hvm-{_V2}-arm64-ebs", _V2, _AL2, "arm64"),
    ("amazon-linux-2/gpu", f"amzn2-ami-ecs-gpu-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
    ("amazon-linux-2/inf", f"amzn2-ami-ecs-inf-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
    ("amazon-linux-2/kernel-5.10", f"amzn2-ami-ecs-kernel-5.10-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
    ("amazon-linux-2/kernel-5.10/arm64", f"amzn2-ami-ecs-kernel-5.10-hvm-{_V2}-arm64-ebs", _V2, _AL2, "arm64"),
    ("amazon-linux", f"amzn-ami-{_V1}-amazon-ecs-optimized", _V1, _AL1, "x86_64"),
)
"""The variant, name, version, operating system and architecture of each that Amazon ECS publishes."""
_BOTTLEROCKET_VARIANTS: Final = ("aws-ecs-1", "aws-ecs-1-nvidia", "aws-ecs-2", "aws-ecs-2-nvidia")
_PLAIN_IMAGES: Final = (
    ("al2023-ami-kernel-default-x86_64", f"al2023-ami-{_P2023}-kernel-6.1-x86_64", _P2023, _AL2023, "x86_64"),
    ("al2023-ami-kernel-default-arm64", f"al2023-ami-{_P2023}-kernel-6.1-arm64", _P2023, _AL2023, "arm64"),
    ("amzn2-ami-hvm-x86_64-gp2", f"amzn2-ami-hvm-{_P2}-x86_64-gp2", _P2, _AL2, "x86_64"),
    ("amzn2-ami-hvm-arm64-gp2", f"amzn2-ami-hvm-{_P2}-arm64-gp2", _P2, _AL2, "arm64"),
    ("amzn2-ami-kernel-5.10-hvm-x86_64-gp2", f"amzn2-ami-kernel-5.10-hvm-{_P2}-x86_64-gp2", _P2, _AL2, "x86_64"),
)
"""The parameter, name, version, operating system and architecture of each that is not for Amazon ECS."""


@lru_cache(maxsize=64)
def public_images(region: str) -> tuple[MachineImage, ...]:
    """The images of a region."""
    return tuple(MachineImage(_id(region, name), parameter, name, *rest) for parameter, name, *rest in _images())


def _images() -> Iterator[tuple[str, ...]]:
    """The parameter, name, version, operating system and architecture of all images."""
    yield from ((OPTIMIZED + variant, *rest) for variant, *rest in _IMAGES)
    yield from ((PLAIN + parameter, *rest) for parameter, *rest in _PLAIN_IMAGES)
    for variant in _BOTTLEROCKET_VARIANTS:
        for architecture in ("x86_64", "arm64"):
            name = f"bottlerocket-{variant}-{architecture}-v{_VB}"
            yield f"{BOTTLEROCKET}{variant}/{architecture}", name, _VB, _BOTTLEROCKET, architecture


def _id(region: str, name: str) -> str:
    return "ami-" + sha256(f"{region}/{name}".encode()).hexdigest()[:_DIGITS]
