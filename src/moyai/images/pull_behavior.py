"""When images are pulled again.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""

from __future__ import annotations

from enum import StrEnum


class PullBehavior(StrEnum):
    """When an image that is in the store is pulled again, as the ECS agent's ``ECS_IMAGE_PULL_BEHAVIOR`` says."""

    DEFAULT = "default"
    """Its tag is confirmed each time; when that fails, the image in the store is used."""
    ALWAYS = "always"
    """Its tag is confirmed each time; when that fails, the pull fails."""
    ONCE = "once"
    """It is pulled only if no task has pulled it before."""
    PREFER_CACHED = "prefer-cached"
    """It is pulled only if it is not in the store."""
