"""Finds the repository and the image that a request names.

Promise: repositories of other accounts and regions are unknown.
"""

from __future__ import annotations

import msgspec

from moyai.api.operation import Context
from moyai.domain.ecr.errors import ImageNotFound, InvalidParameter, RepositoryNotFound
from moyai.domain.ecr.image import RepositoryImage
from moyai.domain.ecr.repository import Repository, repository_arn
from moyai.domain.paging import Page, page
from moyai.domain.queries.registry import find_image

DEFAULT_PAGE = 100


class RepositoryRequest(msgspec.Struct, frozen=True):
    """The repository that an operation is about."""

    repository_name: str
    registry_id: str | None = None


class ImageIdentifier(msgspec.Struct, frozen=True):
    """An image by its digest, its tag or both."""

    image_digest: str | None = None
    image_tag: str | None = None

    def __str__(self) -> str:
        return f"{{imageDigest:'{self.image_digest or 'null'}', imageTag:'{self.image_tag or 'null'}'}}"


def repository_of(ctx: Context, request: RepositoryRequest) -> Repository:
    """The repository of a request. Raises RepositoryNotFound."""
    return repository_named(ctx, request.repository_name, request.registry_id)


def repository_named(ctx: Context, name: str, registry_id: str | None = None) -> Repository:
    """The repository of this name in the caller's registry. Raises RepositoryNotFound."""
    registry = ctx.scope.account if registry_id is None else registry_id
    repository = ctx.store.world.repositories.get(repository_arn(ctx.scope, name))
    if repository is None or registry != ctx.scope.account:
        raise RepositoryNotFound(
            f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
        )
    return repository


def repository_members(repository: Repository) -> dict[str, object]:
    """The members of a response that name its repository."""
    return {"registry_id": repository.registry_id, "repository_name": repository.name}


def check_registry(ctx: Context, registry_id: str | None) -> None:
    """Raise InvalidParameter if the request is about another account's registry."""
    if registry_id not in {None, ctx.scope.account}:
        raise InvalidParameter(
            f"The registry with id '{registry_id}' is another account's; yours is '{ctx.scope.account}'."
        )


def image_of(ctx: Context, repository: Repository, identifier: ImageIdentifier) -> RepositoryImage:
    """The image of a request. Raises ImageNotFound, InvalidParameter."""
    if identifier.image_digest is None and identifier.image_tag is None:
        raise InvalidParameter("Invalid request parameters: imageId has an imageDigest, an imageTag or both.")
    image = find_image(ctx.store.world, repository.arn, identifier.image_digest, identifier.image_tag)
    if image is None:
        raise ImageNotFound(
            f"The image with imageId {identifier} does not exist within the repository with name "
            f"'{repository.name}' in the registry with id '{repository.registry_id}'"
        )
    return image


def page_of(keys: list[str], listing: object, token: str | None, size: int | None) -> Page:
    """A page of a list. Raises InvalidParameter."""
    return page(keys, listing, token, size or DEFAULT_PAGE, fault=_invalid_token)


def _invalid_token(message: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid parameter at 'nextToken': {message}")
