"""Tags of file systems and access points, and account preferences.

Promise: the deprecated operations, which are for file systems only, have the same effect as the others.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_TagResource.html, API_CreateTags.html, API_DescribeTags.html,
API_DescribeAccountPreferences.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.efs.lookup import FileSystemRequest, access_point_of, file_system_of, page_of
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import TagOperations, tag_list
from moyai.domain.efs.errors import BadRequest
from moyai.domain.efs.file_system import AccessPoint, FileSystem
from moyai.domain.tagging import TagRules

FILE_SYSTEM_RULES: Final = TagRules("file-system", BadRequest, BadRequest)
ACCESS_POINT_RULES: Final = TagRules("access-point", BadRequest, BadRequest)


class DescribeTagsRequest(FileSystemRequest, frozen=True):
    max_items: int | None = None
    marker: str | None = None


class ListTagsForResourceRequest(PageRequest, frozen=True):
    resource_id: str


class DescribeAccountPreferencesRequest(PageRequest, frozen=True):
    """Input of DescribeAccountPreferences, whose response is never longer than a page."""


def describe_tags(ctx: Context, request: DescribeTagsRequest) -> dict[str, object]:
    """The tags of a file system, in pages."""
    tags, token = _page(file_system_of(ctx, request.file_system_id), request.marker, request.max_items)
    return {"marker": request.marker, "tags": tags, "next_marker": token}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a file system or an access point, in pages."""
    tags, token = _page(_resource(ctx, request.resource_id), request.next_token, request.max_results)
    return {"tags": tags, "next_token": token}


def describe_account_preferences(ctx: Context, request: DescribeAccountPreferencesRequest) -> dict[str, object]:
    """The length of ids: all are long."""
    del ctx, request
    return {
        "resource_id_preference": {"resource_id_type": "LONG_ID", "resources": ["FILE_SYSTEM", "MOUNT_TARGET"]},
    }


def _page(
    record: FileSystem | AccessPoint, token: str | None, size: int | None
) -> tuple[list[dict[str, str]], str | None]:
    """A page of tags and the token of the next one. A token names a tag by its number: a key can be longer than EFS
    allows for tokens.
    """
    tags = {f"{number:02}": tag for number, tag in enumerate(tag_list(record.tags))}
    on_page = page_of(tags, ("tags", record.id), token, size)
    return [tags[number] for number in on_page.keys], on_page.next_token


def _resource(ctx: Context, identity: str) -> FileSystem | AccessPoint:
    is_access_point = identity.rpartition("/")[2].startswith("fsap-")
    return access_point_of(ctx, identity) if is_access_point else file_system_of(ctx, identity)


def _rules(record: FileSystem | AccessPoint) -> TagRules:
    return FILE_SYSTEM_RULES if isinstance(record, FileSystem) else ACCESS_POINT_RULES


TAGS: Final = TagOperations(_resource, _rules, names=("TagResource", "UntagResource"), resource=("resource_id",))
FILE_SYSTEM_TAGS: Final = TagOperations(
    file_system_of, FILE_SYSTEM_RULES, names=("CreateTags", "DeleteTags"), resource=("file_system_id",)
)
