"""The address and the identifiers of the task metadata endpoint.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
"""

from __future__ import annotations

from hashlib import sha256

from moyai.kernel.ids import ContainerArn

ADDRESS = "169.254.170.2"
"""The address of the metadata endpoint inside every task."""
API_PORT = 4566
"""The port at this address at which AWS's services answer requests that are signed with the keys of a role."""

_RUNTIME_ID_DIGITS = 10


def runtime_id(container: ContainerArn) -> str:
    """A container's runtime id as Fargate forms it: the task's id, a hyphen, digits.

    It names the container in the metadata endpoint's paths. The digits come from the container's ARN,
    whose last part is random, so another task in the VPC can't guess them.
    """
    *_, task, _ = container.split("/")
    number = int.from_bytes(sha256(container.encode()).digest()[:8], "big")
    return f"{task}-{number % 10**_RUNTIME_ID_DIGITS:0{_RUNTIME_ID_DIGITS}d}"
