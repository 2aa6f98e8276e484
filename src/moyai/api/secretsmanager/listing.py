"""Lists: secrets, and the versions of one.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from moyai.api.operation import Context, PageRequest
from moyai.api.secretsmanager.lookup import secret_of
from moyai.api.secretsmanager.secrets import summary
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.secretsmanager.errors import InvalidNextToken, InvalidParameter
from moyai.domain.secretsmanager.secret import ManagedSecret, SecretVersion

_PAGE_SIZE = 100
_NOT = "!"


class Filter(msgspec.Struct, frozen=True):
    """A filter; any of its values may match. A value that begins with ``!`` must not."""

    key: str = "all"
    values: tuple[str, ...] = ()


def conditions(filters: Iterable[Filter]) -> Callable[[ManagedSecret], bool]:
    """Whether a secret passes all filters. Raises InvalidParameter for an unknown one."""
    tests = [_condition(condition) for condition in filters]
    return lambda secret: all(test(secret) for test in tests)


class ListSecretsRequest(PageRequest, frozen=True):
    include_planned_deletion: bool = False
    filters: tuple[Filter, ...] = ()
    sort_order: str = "desc"
    sort_by: str = "created-date"


class ListVersionsRequest(PageRequest, frozen=True):
    secret_id: str
    include_deprecated: bool = False


def list_secrets(ctx: Context, request: ListSecretsRequest) -> dict[str, object]:
    """Secrets without their values; those marked for deletion only on request."""
    rank = _RANKS.get(request.sort_by)
    if rank is None:
        raise InvalidParameter(f"SortBy {request.sort_by} is not supported by moyai: reading a secret leaves no trace.")
    matches = conditions(request.filters)
    world = ctx.store.world
    keys = (
        s.key
        for s in world.secrets.by("scope", scope_key(ctx.scope))
        if not s.is_purged(ctx.now) and (s.deleted_at is None or request.include_planned_deletion) and matches(s)
    )
    listing = ("ListSecrets", request.filters, request.include_planned_deletion, request.sort_by, request.sort_order)
    on_page = page(
        keys,
        listing,
        request.next_token,
        request.max_results or _PAGE_SIZE,
        lambda key: rank(world.secrets.get(key), key),
        fault=InvalidNextToken,
        descending=request.sort_order == "desc",
    )
    return {"secret_list": [_view(world.secrets[key]) for key in on_page.keys], "next_token": on_page.next_token}


def list_secret_version_ids(ctx: Context, request: ListVersionsRequest) -> dict[str, object]:
    """The versions that have a label; the others only on request."""
    secret = secret_of(ctx, request.secret_id, deletion_message=None)
    versions = {v.id: v for v in secret.versions if v.stages or request.include_deprecated}
    listing = ("ListSecretVersionIds", secret.arn, request.include_deprecated)
    on_page = page(versions, listing, request.next_token, request.max_results or _PAGE_SIZE, fault=InvalidNextToken)
    return {
        "arn": secret.arn,
        "name": secret.name,
        "versions": [_version(versions[key]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def _view(secret: ManagedSecret) -> dict[str, object]:
    return {**summary(secret), "secret_versions_to_stages": {v.id: v.stages for v in secret.versions if v.stages}}


def _version(version: SecretVersion) -> dict[str, object]:
    return {"version_id": version.id, "version_stages": version.stages, "created_date": version.created_at}


def _condition(filter_: Filter) -> Callable[[ManagedSecret], bool]:
    read = _FILTERED_TEXTS.get(filter_.key)
    if read is None:
        raise InvalidParameter(
            f"The filter {filter_.key} is not supported by moyai: there are no replicas and no owners."
        )
    values = [value for value in filter_.values if not value.startswith(_NOT)]
    excluded_values = [value.removeprefix(_NOT) for value in filter_.values if value.startswith(_NOT)]

    def matches(secret: ManagedSecret) -> bool:
        texts = read(secret)
        has_value = any(text.startswith(value) for value in values for text in texts)
        return (has_value or not values) and not any(
            text.startswith(value) for value in excluded_values for text in texts
        )

    return matches


_FILTERED_TEXTS: Mapping[str, Callable[[ManagedSecret], Iterable[str]]] = MappingProxyType(
    {
        "name": lambda s: (s.name,),
        "description": lambda s: (s.description or "",),
        "tag-key": lambda s: tuple(s.tags),
        "tag-value": lambda s: tuple(s.tags.values()),
        "all": lambda s: (s.name, s.description or "", *s.tags, *s.tags.values()),
    }
)
_RANKS: Mapping[str, Callable[[ManagedSecret | None, str], tuple[float, str]]] = MappingProxyType(
    {
        "created-date": lambda s, key: (0.0 if s is None else s.created_at, key),
        "last-changed-date": lambda s, key: (0.0 if s is None else s.changed_at, key),
        "name": lambda _, key: (0.0, key),
    }
)
