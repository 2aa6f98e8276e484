"""The settings for pulls of images that the store already has.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""

from __future__ import annotations

from enum import StrEnum


class PullBehavior(StrEnum):
    """Whether an image in the store is pulled again, with the values of the ECS agent's ``ECS_IMAGE_PULL_BEHAVIOR``."""

    DEFAULT = "default"
    """The digest of the tag is asked for each time; when that fails, the image in the store is used."""
    ALWAYS = "always"
    """The digest of the tag is asked for each time; when that fails, the pull fails."""
    ONCE = "once"
    """The image is pulled only if no task has pulled it before."""
    PREFER_CACHED = "prefer-cached"
    """The image is pulled only if it is not in the store."""
