"""Repositories: create, describe, delete, tag, and the settings of their tags and scans.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything but repositories.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html, API_DeleteRepository.html,
API_DescribeRepositories.html, API_PutImageTagMutability.html, API_PutImageScanningConfiguration.html,
API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ecr.lookup import RepositoryRequest, check_registry, page_of, repository_named, repository_of
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, TagOperations, checked_tags
from moyai.domain.ecr.errors import (
    InvalidParameter,
    InvalidTagParameter,
    LimitExceeded,
    RepositoryAlreadyExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
    TooManyTags,
)
from moyai.domain.ecr.image import RepositoryImage, RepositoryLayer
from moyai.domain.ecr.registry_host import registry_host
from moyai.domain.ecr.repository import MUTABLE, Repository, RepositoryEncryption, repository_arn, takes_exclusions
from moyai.domain.keys import scope_key
from moyai.domain.tagging import TagRules
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import parse_arn

RULES: Final = TagRules("repository", InvalidTagParameter, TooManyTags)


def _repository(ctx: Context, arn: str) -> Repository:
    resource_arn = parse_arn(arn)
    if resource_arn is None or resource_arn.service != "ecr" or resource_arn.kind != "repository":
        raise InvalidParameter(f"Invalid parameter at 'resourceArn': '{arn[:200]}' is not the ARN of a repository.")
    repository = ctx.store.world.repositories.get(arn)
    if repository is None or resource_arn.scope != ctx.scope:
        name, account = resource_arn.resource.partition("/")[2], resource_arn.scope.account
        raise RepositoryNotFound(
            f"The repository with name '{name[:256]}' does not exist in the registry with id '{account}'"
        )
    return repository


TAGS: Final = TagOperations(_repository, RULES)


MAX_REPOSITORIES: Final = 100_000
_MAX_WILDCARDS: Final = 2


class ScanningConfiguration(msgspec.Struct, frozen=True):
    """Whether images are scanned when they are pushed; it is only recorded."""

    scan_on_push: bool = False


class ExclusionFilter(msgspec.Struct, frozen=True):
    """A pattern of tags to which the repository's mutability does not apply."""

    filter_type: str
    filter: str


class CreateRepositoryRequest(msgspec.Struct, frozen=True):
    repository_name: str
    registry_id: str | None = None
    tags: tuple[Tag, ...] = ()
    image_tag_mutability: str = MUTABLE
    image_tag_mutability_exclusion_filters: tuple[ExclusionFilter, ...] = ()
    image_scanning_configuration: ScanningConfiguration = ScanningConfiguration()
    encryption_configuration: RepositoryEncryption = RepositoryEncryption()


class DescribeRepositoriesRequest(PageRequest, frozen=True):
    registry_id: str | None = None
    repository_names: tuple[str, ...] = ()


class DeleteRepositoryRequest(RepositoryRequest, frozen=True):
    force: bool = False


class PutMutabilityRequest(RepositoryRequest, frozen=True, kw_only=True):
    image_tag_mutability: str
    image_tag_mutability_exclusion_filters: tuple[ExclusionFilter, ...] = ()


class PutScanningRequest(RepositoryRequest, frozen=True, kw_only=True):
    image_scanning_configuration: ScanningConfiguration


def create_repository(ctx: Context, request: CreateRepositoryRequest) -> dict[str, object]:
    """Create an empty repository with the settings of the request."""
    check_registry(ctx, request.registry_id)
    encryption = request.encryption_configuration
    if encryption.kms_key is not None and encryption.encryption_type == RepositoryEncryption().encryption_type:
        raise InvalidParameter("Invalid parameter at 'encryptionConfiguration': AES256 takes no kmsKey.")
    repository = replace(
        new_repository(ctx, request.repository_name),
        mutability=request.image_tag_mutability,
        exclusions=_patterns(request.image_tag_mutability, request.image_tag_mutability_exclusion_filters),
        scan_on_push=request.image_scanning_configuration.scan_on_push,
        encryption=encryption,
        tags=checked_tags(RULES, request.tags),
    )
    ctx.store.apply([Put(repository)])
    return {"repository": repository_view(ctx, repository)}


def new_repository(ctx: Context, name: str) -> Repository:
    """A repository with ECR's defaults, which the caller stores. Raises RepositoryAlreadyExists, LimitExceeded."""
    arn = repository_arn(ctx.scope, name)
    if arn in ctx.store.world.repositories:
        raise RepositoryAlreadyExists(
            f"The repository with name '{name}' already exists in the registry with id '{ctx.scope.account}'"
        )
    if ctx.store.world.repositories.count("scope", scope_key(ctx.scope)) >= MAX_REPOSITORIES:
        raise LimitExceeded(
            f"The maximum number of repositories per registry ({MAX_REPOSITORIES}) has been reached in the registry "
            f"with id '{ctx.scope.account}'"
        )
    return Repository(arn=arn, name=name, created_at=ctx.now)


def describe_repositories(ctx: Context, request: DescribeRepositoriesRequest) -> dict[str, object]:
    """The repositories of these names, or all of them in pages."""
    if request.repository_names:
        if request.next_token is not None or request.max_results is not None:
            raise InvalidParameter("nextToken and maxResults can't be used together with repositoryNames.")
        named = [repository_named(ctx, name, request.registry_id) for name in request.repository_names]
        return {"repositories": [repository_view(ctx, repository) for repository in named]}
    check_registry(ctx, request.registry_id)
    keys = [repository.arn for repository in ctx.store.world.repositories.each("scope", scope_key(ctx.scope))]
    on_page = page_of([*keys], ("DescribeRepositories",), request.next_token, request.max_results)
    repositories = ctx.store.world.repositories
    return {
        "repositories": [repository_view(ctx, repositories[key]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def delete_repository(ctx: Context, request: DeleteRepositoryRequest) -> dict[str, object]:
    """Delete a repository; one with images only if forced."""
    repository, world = repository_of(ctx, request), ctx.store.world
    images = world.repository_images.by("repository", repository.arn)
    if images and not request.force:
        raise RepositoryNotEmpty(
            f"The repository with name '{repository.name}' in registry with id '{repository.registry_id}' cannot be "
            "deleted because it still contains images"
        )
    layers = world.repository_layers.by("repository", repository.arn)
    ctx.store.apply(
        [
            Delete(Repository, repository.key),
            *(Delete(RepositoryImage, image.key) for image in images),
            *(Delete(RepositoryLayer, layer.key) for layer in layers),
        ]
    )
    return {"repository": repository_view(ctx, repository)}


def put_image_tag_mutability(ctx: Context, request: PutMutabilityRequest) -> dict[str, object]:
    """Change whether tags can move to other images."""
    exclusions = _patterns(request.image_tag_mutability, request.image_tag_mutability_exclusion_filters)
    repository = replace(repository_of(ctx, request), mutability=request.image_tag_mutability, exclusions=exclusions)
    ctx.store.apply([Put(repository)])
    return {
        "registry_id": repository.registry_id,
        "repository_name": repository.name,
        "image_tag_mutability": repository.mutability,
        "image_tag_mutability_exclusion_filters": _filters(repository) or None,
    }


def put_image_scanning_configuration(ctx: Context, request: PutScanningRequest) -> dict[str, object]:
    """Record whether images are scanned when they are pushed."""
    scan_on_push = request.image_scanning_configuration.scan_on_push
    repository = replace(repository_of(ctx, request), scan_on_push=scan_on_push)
    ctx.store.apply([Put(repository)])
    return {
        "registry_id": repository.registry_id,
        "repository_name": repository.name,
        "image_scanning_configuration": {"scan_on_push": scan_on_push},
    }


def repository_view(ctx: Context, repository: Repository) -> dict[str, object]:
    """A repository as responses show it; its URI is for this caller."""
    return {
        "repository_arn": repository.arn,
        "registry_id": repository.registry_id,
        "repository_name": repository.name,
        "repository_uri": f"{registry_host(ctx.scope, ctx.host)}/{repository.name}",
        "created_at": repository.created_at,
        "image_tag_mutability": repository.mutability,
        "image_tag_mutability_exclusion_filters": _filters(repository) or None,
        "image_scanning_configuration": {"scan_on_push": repository.scan_on_push},
        "encryption_configuration": repository.encryption,
    }


def _filters(repository: Repository) -> list[dict[str, str]]:
    return [{"filter_type": "WILDCARD", "filter": pattern} for pattern in repository.exclusions]


def _patterns(mutability: str, filters: Sequence[ExclusionFilter]) -> tuple[str, ...]:
    """The patterns of the filters. Raises InvalidParameter."""
    if bool(filters) != takes_exclusions(mutability):
        raise InvalidParameter(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters': filters are required with "
            "IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and not allowed otherwise."
        )
    for entry in filters:
        if entry.filter.count("*") > _MAX_WILDCARDS:
            raise InvalidParameter(
                f"Invalid parameter at 'imageTagMutabilityExclusionFilters': '{entry.filter}' has more than "
                f"{_MAX_WILDCARDS} wildcards."
            )
    return tuple(entry.filter for entry in filters)
