"""Query definitions of CloudWatch Logs Insights, as records: nothing runs them.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.idempotency import fingerprint
from moyai.api.logs.lookup import page_of
from moyai.api.operation import Context
from moyai.domain.keys import scope_key
from moyai.domain.logs.errors import LimitExceeded, ResourceNotFound
from moyai.domain.logs.event import milliseconds
from moyai.domain.logs.query_definition import QueryDefinition
from moyai.domain.world import Delete, Put

_MOST_QUERIES: Final = 1000
_PAGE: Final = 1000


class PutQueryDefinitionRequest(msgspec.Struct, frozen=True):
    """A query. An equal request with the same client token creates no second one."""

    name: str
    query_string: str
    query_definition_id: str | None = None
    log_group_names: tuple[str, ...] = ()
    query_language: str = "CWLI"
    client_token: str | None = None


class DescribeQueryDefinitionsRequest(msgspec.Struct, frozen=True):
    query_definition_name_prefix: str | None = None
    query_language: str | None = None
    max_results: int = _PAGE
    next_token: str | None = None


class DeleteQueryDefinitionRequest(msgspec.Struct, frozen=True):
    """The query to delete."""

    query_definition_id: str


def put_query_definition(ctx: Context, request: PutQueryDefinitionRequest) -> dict[str, object]:
    """Create or replace a query definition."""
    token = fingerprint(request.client_token, request)
    if request.query_definition_id is not None:
        _own(ctx, request.query_definition_id)
    else:
        present = ctx.store.world.query_definitions.by("scope", scope_key(ctx.scope))
        repeated = next((query for query in present if token is not None and query.request == token), None)
        if repeated is not None:
            return {"query_definition_id": repeated.id}
        if len(present) >= _MOST_QUERIES:
            raise LimitExceeded(f"Resource limit exceeded: a region can have {_MOST_QUERIES} query definitions.")
    query = QueryDefinition(
        scope=ctx.scope,
        id=request.query_definition_id or ctx.ids.uuid(),
        name=request.name,
        query=request.query_string,
        groups=request.log_group_names,
        modified_at=ctx.now,
        language=request.query_language,
        request=token,
    )
    ctx.store.apply([Put(query)])
    return {"query_definition_id": query.id}


def describe_query_definitions(ctx: Context, request: DescribeQueryDefinitionsRequest) -> dict[str, object]:
    """The query definitions in the order of their names."""
    prefix, language = request.query_definition_name_prefix, request.query_language
    queries = {
        f"{query.name}\0{query.id}": query
        for query in ctx.store.world.query_definitions.by("scope", scope_key(ctx.scope))
        if query.name.startswith(prefix or "") and language in {None, query.language}
    }
    listing = ("DescribeQueryDefinitions", prefix, language)
    page = page_of(queries, listing, request.next_token, request.max_results)
    return {"query_definitions": [_view(queries[key]) for key in page.keys], "next_token": page.next_token}


def delete_query_definition(ctx: Context, request: DeleteQueryDefinitionRequest) -> dict[str, object]:
    """Delete a query definition."""
    ctx.store.apply([Delete(QueryDefinition, _own(ctx, request.query_definition_id).key)])
    return {"success": True}


def _own(ctx: Context, identity: str) -> QueryDefinition:
    query = ctx.store.world.query_definitions.get(identity)
    if query is None or query.scope != ctx.scope:
        raise ResourceNotFound("The specified query definition does not exist.")
    return query


def _view(query: QueryDefinition) -> dict[str, object]:
    return {
        "query_definition_id": query.id,
        "name": query.name,
        "query_string": query.query,
        "log_group_names": query.groups,
        "query_language": query.language,
        "last_modified": milliseconds(query.modified_at),
    }
