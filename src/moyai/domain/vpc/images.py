"""Machine images of Amazon ECS, which templates name for container instances. Nothing runs them.

Promise: an image's id follows from its name and the region, so it is always the same.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

AMAZON: Final = "amazon"
AGENT_VERSION: Final = "1.89.3"
RUNTIME_VERSION: Final = "Docker version 25.0.6"
_OWNER: Final = "591542846629"
_CREATED: Final = "2025-02-06T00:00:00.000Z"
_DIGITS: Final = 17


class MachineImage(NamedTuple):
    """A machine image; ``variant`` is the part of the public parameter's name that tells it from the others."""

    id: str
    variant: str
    name: str
    version: str
    os: str
    architecture: str
    owner: str = _OWNER
    created: str = _CREATED

    @property
    def description(self) -> str:
        """The purpose of the image."""
        return f"{self.os} AMI {self.version} {self.architecture} for Amazon ECS"


_AL2, _AL2023 = "Amazon Linux 2", "Amazon Linux 2023"
_V2, _V2023 = "2.0.20250206", "2023.0.20250206"
_IMAGES: Final = (
    ("amazon-linux-2023", f"al2023-ami-ecs-hvm-{_V2023}-kernel-6.1-x86_64", _V2023, _AL2023, "x86_64"),
    ("amazon-linux-2023/arm64", f"al2023-ami-ecs-hvm-{_V2023}-kernel-6.1-arm64", _V2023, _AL2023, "arm64"),
    ("amazon-linux-2", f"amzn2-ami-ecs-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
    ("amazon-linux-2/arm64", f"amzn2-ami-ecs-hvm-{_V2}-arm64-ebs", _V2, _AL2, "arm64"),
    ("amazon-linux-2/gpu", f"amzn2-ami-ecs-gpu-hvm-{_V2}-x86_64-ebs", _V2, _AL2, "x86_64"),
)
"""The variant, name, version, operating system and architecture of each."""


@lru_cache(maxsize=64)
def ecs_images(region: str) -> tuple[MachineImage, ...]:
    """The images of a region."""
    return tuple(MachineImage(_id(region, name), variant, name, *rest) for variant, name, *rest in _IMAGES)


def _id(region: str, name: str) -> str:
    return "ami-" + sha256(f"{region}/{name}".encode()).hexdigest()[:_DIGITS]
