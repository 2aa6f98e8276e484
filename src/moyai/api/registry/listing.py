"""Lists of tags and of repositories, in pages.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec

from moyai.api.registry.call import RegistryCall
from moyai.api.registry.errors import RegistryError
from moyai.api.wire.http import HttpResponse
from moyai.domain.keys import scope_key

_PAGE: Final = 1000


async def list_tags(call: RegistryCall) -> HttpResponse:
    """The tags of a repository."""
    repository = call.repository
    images = call.ctx.store.world.repository_images.each("repository", repository.arn)
    tags, headers = _page(call, (tag for image in images for tag in image.tags))
    return _json({"name": repository.name, "tags": tags}, headers)


async def list_repositories(call: RegistryCall) -> HttpResponse:
    """The repositories of the registry."""
    repositories = call.ctx.store.world.repositories.each("scope", scope_key(call.ctx.scope))
    names, headers = _page(call, (repository.name for repository in repositories))
    return _json({"repositories": names}, headers)


async def show_version(call: RegistryCall) -> HttpResponse:  # noqa: ARG001 (every caller that gets here may see it)
    """Say that this is a registry of the second version, and that the caller is authenticated."""
    return _json({}, {})


def _page(call: RegistryCall, items: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """The items after ``last``, at most ``n`` of them, and a link to the next page. Raises RegistryError."""
    count = call.argument("n") or str(_PAGE)
    if not (count.isascii() and count.isdecimal()):
        raise RegistryError("PAGINATION_NUMBER_INVALID", 400, f"n must be a number, not '{count[:40]}'.")
    size, last = min(int(count[:9]), _PAGE), call.argument("last") or ""
    following = sorted(item for item in items if item > last)
    on_page = following[:size]
    if not on_page or len(following) <= size:
        return on_page, {}
    query = urlencode({"n": size, "last": on_page[-1]})
    return on_page, {"link": f'<{call.request.path}?{query}>; rel="next"'}


def _json(content: object, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(200, {"content-type": "application/json", **headers}, msgspec.json.encode(content))
