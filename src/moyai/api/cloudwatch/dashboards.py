"""Dashboards: put, get, list, delete.

Refuses: a body that cannot be drawn, with AWS's messages; more than 5,000 dashboards in an account.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudwatch.pages import invalid_token
from moyai.api.operation import Context, operation
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudwatch.dashboard import NAME, Dashboard, dashboard_arn
from moyai.domain.cloudwatch.dashboard_body import BodyFindings, BodyMessage, NotAJsonObject, check_body
from moyai.domain.cloudwatch.errors import DashboardInvalidInput, DashboardNotFound, InvalidParameterValue
from moyai.domain.paging import page
from moyai.domain.tagging import TagRules
from moyai.domain.world import Delete, Put

MAX_DASHBOARDS: Final = 5000
"""In one account."""
_PAGE: Final = 1000
_MAX_DELETED: Final = 100
_TAGS: Final = TagRules("dashboard", DashboardInvalidInput, DashboardInvalidInput)


class PutDashboardRequest(msgspec.Struct, frozen=True):
    """The whole dashboard. ``tags`` have an effect for a new one only."""

    dashboard_name: str
    dashboard_body: str
    tags: tuple[Tag, ...] = ()


class GetDashboardRequest(msgspec.Struct, frozen=True):
    """The dashboard to get."""

    dashboard_name: str


class ListDashboardsRequest(msgspec.Struct, frozen=True):
    """Dashboards by the prefix of their names."""

    dashboard_name_prefix: str | None = None
    next_token: str | None = None


class DeleteDashboardsRequest(msgspec.Struct, frozen=True):
    """The dashboards to delete."""

    dashboard_names: tuple[str, ...]


@operation(input_fault=DashboardInvalidInput)
def put_dashboard(ctx: Context, request: PutDashboardRequest) -> dict[str, object]:
    """Create a dashboard, or replace its body. The response has warnings about the body."""
    if NAME.fullmatch(request.dashboard_name) is None:
        raise InvalidParameterValue(
            "The value for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_), up to 255 of them."
        )
    findings = _checked_body(request.dashboard_body)
    world, account = ctx.store.world, ctx.scope.account
    dashboard = world.dashboards.get(dashboard_arn(account, request.dashboard_name))
    if dashboard is not None:
        ctx.store.apply([Put(replace(dashboard, body=request.dashboard_body, modified_at=ctx.now))])
    else:
        if world.dashboards.count("account", account) >= MAX_DASHBOARDS:
            raise DashboardInvalidInput(f"An account can have at most {MAX_DASHBOARDS} dashboards.")
        tags = checked_tags(_TAGS, request.tags)
        arn = dashboard_arn(account, request.dashboard_name)
        ctx.store.apply([Put(Dashboard(arn, request.dashboard_name, request.dashboard_body, ctx.now, tags))])
    return {"dashboard_validation_messages": _messages_view(findings.warnings)}


def get_dashboard(ctx: Context, request: GetDashboardRequest) -> dict[str, object]:
    """The dashboard as it was put."""
    dashboard = ctx.store.world.dashboards.get(dashboard_arn(ctx.scope.account, request.dashboard_name))
    if dashboard is None:
        raise DashboardNotFound(f"Dashboard {request.dashboard_name[:300]} does not exist")
    return {"dashboard_arn": dashboard.arn, "dashboard_body": dashboard.body, "dashboard_name": dashboard.name}


def list_dashboards(ctx: Context, request: ListDashboardsRequest) -> dict[str, object]:
    """The account's dashboards, in the order of their names."""
    prefix = request.dashboard_name_prefix or ""
    dashboards = ctx.store.world.dashboards.by("account", ctx.scope.account)
    matching = {dashboard.name: dashboard for dashboard in dashboards if dashboard.name.startswith(prefix)}
    on_page = page(matching, ("dashboards", prefix), request.next_token, _PAGE, fault=invalid_token)
    return {"dashboard_entries": [_entry(matching[name]) for name in on_page.keys], "next_token": on_page.next_token}


def delete_dashboards(ctx: Context, request: DeleteDashboardsRequest) -> dict[str, object]:
    """Delete dashboards: all of them, or none when one does not exist."""
    names = dict.fromkeys(request.dashboard_names)
    if not 1 <= len(names) <= _MAX_DELETED:
        raise InvalidParameterValue(f"The collection DashboardNames must have 1 to {_MAX_DELETED} names.")
    arns = {name: dashboard_arn(ctx.scope.account, name) for name in names}
    absent = sorted(name for name, arn in arns.items() if arn not in ctx.store.world.dashboards)
    if absent:
        raise InvalidParameterValue(f"Dashboard {', '.join(absent)[:500]} does not exist")
    ctx.store.apply([Delete(Dashboard, arn) for arn in arns.values()])
    return {}


def _checked_body(body: str) -> BodyFindings:
    try:
        findings = check_body(body)
    except NotAJsonObject as error:
        raise DashboardInvalidInput("The field DashboardBody must be a valid JSON object") from error
    if findings.errors:
        errors = [{"dataPath": error.path, "message": error.text} for error in findings.errors]
        listed = msgspec.json.format(msgspec.json.encode(errors), indent=2).decode()
        raise DashboardInvalidInput(
            f"The dashboard body is invalid, there are {len(errors)} validation errors:\n{listed}",
            {"dashboard_validation_messages": _messages_view(findings.errors)},
        )
    return findings


def _messages_view(messages: Sequence[BodyMessage]) -> list[dict[str, str]]:
    return [{"data_path": message.path, "message": message.text} for message in messages]


def _entry(dashboard: Dashboard) -> dict[str, object]:
    return {
        "dashboard_name": dashboard.name,
        "dashboard_arn": dashboard.arn,
        "last_modified": dashboard.modified_at,
        "size": len(dashboard.body.encode()),
    }
