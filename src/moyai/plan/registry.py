"""The deletions from the registry: images that a lifecycle policy expires, and layers that nothing needs.

Promise: a layer that no image of its repository has is kept for a day after its upload, because its manifest may
follow.
Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from moyai.domain.ecr.image import UNUSED_LAYER_SECONDS, RepositoryImage, RepositoryLayer
from moyai.domain.ecr.lifecycle import BadLifecyclePolicy, expired_images, parse_policy
from moyai.domain.ecr.repository import Repository
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant


def plan_lifecycle_policies(world: World, now: Instant) -> Sequence[Change]:
    """Carry out the lifecycle policies of all repositories."""
    changes: list[Change] = []
    for repository in world.repositories:
        expired = _expired_images(world, repository, now)
        if expired is not None:
            changes += [Delete(RepositoryImage, image.key) for image in expired]
            changes.append(Put(replace(repository, lifecycle_evaluated_at=now)))
    return changes


def plan_layer_deletion(world: World, now: Instant) -> Sequence[Change]:
    """Delete the records of layers that nothing needs."""
    used_digests = {(image.repository, layer) for image in world.repository_images for layer in image.layers}
    return [
        Delete(RepositoryLayer, layer.key)
        for layer in world.repository_layers
        if layer.pushed_at < now - UNUSED_LAYER_SECONDS and (layer.repository, layer.digest) not in used_digests
    ]


def used_blobs(world: World) -> frozenset[str]:
    """The digests of all blobs that a record refers to."""
    return frozenset(_digests(world))


def _digests(world: World) -> Iterator[str]:
    for image in world.repository_images:
        yield image.digest
    for layer in world.repository_layers:
        yield layer.digest


def _expired_images(world: World, repository: Repository, now: Instant) -> Sequence[RepositoryImage] | None:
    """The images that a repository's policy expires; None without a policy."""
    if repository.lifecycle_policy is None:
        return None
    try:
        policy = parse_policy(repository.lifecycle_policy)
    except BadLifecyclePolicy:  # an older version accepted it
        return None
    return expired_images(policy, world.repository_images.by("repository", repository.arn), now)
