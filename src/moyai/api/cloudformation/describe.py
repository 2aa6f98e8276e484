"""Descriptions of stacks, their resources, events and exports.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html,
API_DescribeStackEvents.html, API_DescribeStackResources.html, API_ListExports.html
"""

from __future__ import annotations

import json

import msgspec

from moyai.api.cloudformation.drift import resource_drift, stack_drift
from moyai.api.cloudformation.lookup import find_stack, page_of, stack_of
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.event import StackEvent
from moyai.domain.cloudformation.stack import (
    OnFailure,
    ResourceStatus,
    Stack,
    StackResource,
    StackStatus,
    StackTemplate,
    resource_key,
)
from moyai.domain.keys import named_key, scope_key
from moyai.stacks.template.expressions import HIDDEN_TEXT


class DescribeStacksRequest(msgspec.Struct, frozen=True):
    stack_name: str | None = None
    next_token: str | None = None


class ListStacksRequest(msgspec.Struct, frozen=True):
    next_token: str | None = None
    stack_status_filter: tuple[str, ...] = ()


class StackPageRequest(msgspec.Struct, frozen=True):
    stack_name: str
    next_token: str | None = None


class DescribeStackResourceRequest(msgspec.Struct, frozen=True):
    stack_name: str
    logical_resource_id: str


class DescribeStackResourcesRequest(msgspec.Struct, frozen=True):
    stack_name: str | None = None
    logical_resource_id: str | None = None
    physical_resource_id: str | None = None


class ListExportsRequest(msgspec.Struct, frozen=True):
    next_token: str | None = None


class ListImportsRequest(msgspec.Struct, frozen=True):
    export_name: str
    next_token: str | None = None


def describe_stacks(ctx: Context, request: DescribeStacksRequest) -> dict[str, object]:
    """The stack with a name or id, or all existing stacks, in pages."""
    if request.stack_name is not None:
        stack = find_stack(ctx, request.stack_name)
        if stack is None:
            raise StackFault(f"Stack with id {request.stack_name} does not exist")
        return {"stacks": [_stack(ctx, stack)]}
    table = ctx.store.world.stacks
    keys = [stack.arn for stack in table.each("scope", scope_key(ctx.scope)) if stack.exists]
    on_page = page_of(keys, "DescribeStacks", request.next_token)
    return {"stacks": [_stack(ctx, table[key]) for key in on_page.keys], "next_token": on_page.next_token}


def list_stacks(ctx: Context, request: ListStacksRequest) -> dict[str, object]:
    """The stacks in the given states, deleted ones as well, in pages."""
    table = ctx.store.world.stacks
    states = frozenset(request.stack_status_filter) or {status.value for status in StackStatus}
    keys = [stack.arn for stack in table.each("scope", scope_key(ctx.scope)) if stack.status in states]
    on_page = page_of(keys, ("ListStacks", sorted(states)), request.next_token)
    summaries = [
        {
            "stack_id": stack.arn,
            "stack_name": stack.name,
            "template_description": stack.description or None,
            "creation_time": stack.created_at,
            "last_updated_time": stack.updated_at,
            "deletion_time": stack.deleted_at,
            "stack_status": stack.status,
            "stack_status_reason": stack.status_reason,
            "drift_information": stack_drift(ctx, stack),
            "parent_id": stack.parent,
            "root_id": stack.root,
        }
        for stack in (table[key] for key in on_page.keys)
    ]
    return {"stack_summaries": summaries, "next_token": on_page.next_token}


def describe_stack_events(ctx: Context, request: StackPageRequest) -> dict[str, object]:
    """The events of a stack, newest first, in pages."""
    stack = stack_of(ctx, request.stack_name)
    events = {f"{10**9 - event.number:010}": event for event in ctx.store.world.stack_events.by("stack", stack.arn)}
    on_page = page_of(events, ("DescribeStackEvents", stack.arn), request.next_token)
    return {
        "stack_events": [{**event_view(events[key]), "stack_name": stack.name} for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def describe_stack_resource(ctx: Context, request: DescribeStackResourceRequest) -> dict[str, object]:
    """One resource of a stack."""
    stack = stack_of(ctx, request.stack_name)
    resource = ctx.store.world.stack_resources.get(resource_key(stack.arn, request.logical_resource_id))
    if resource is None:
        raise StackFault(f"Resource {request.logical_resource_id} does not exist for stack {request.stack_name}")
    return {
        "stack_resource_detail": {
            "stack_name": stack.name,
            "stack_id": stack.arn,
            **_resource(ctx, stack, resource),
            "last_updated_timestamp": resource.changed_at,
            "metadata": json.dumps(resource.metadata) if resource.metadata else None,
        }
    }


def describe_stack_resources(ctx: Context, request: DescribeStackResourcesRequest) -> dict[str, object]:
    """The resources of the stack with a name, or with a resource of a physical id."""
    world = ctx.store.world
    if (request.stack_name is None) == (request.physical_resource_id is None):
        raise StackFault("Exactly one of StackName and PhysicalResourceId must be specified.")
    if request.stack_name is not None:
        stack = stack_of(ctx, request.stack_name)
    else:
        owners = (
            world.stacks[r.stack] for r in world.stack_resources.by("physical_id", request.physical_resource_id or "")
        )
        owner = next((each for each in owners if each.scope == ctx.scope and each.exists), None)
        if owner is None:
            raise StackFault(f"Stack for {request.physical_resource_id} does not exist")
        stack = owner
    return {
        "stack_resources": [
            {
                "stack_name": stack.name,
                "stack_id": stack.arn,
                **_resource(ctx, stack, resource),
                "timestamp": resource.changed_at,
            }
            for resource in _resources(ctx, stack)
            if request.logical_resource_id in {None, resource.logical_id}
        ]
    }


def list_stack_resources(ctx: Context, request: StackPageRequest) -> dict[str, object]:
    """The resources of a stack, in pages."""
    stack = stack_of(ctx, request.stack_name)
    resources = {resource.logical_id: resource for resource in _resources(ctx, stack)}
    on_page = page_of(resources, ("ListStackResources", stack.arn), request.next_token)
    return {
        "stack_resource_summaries": [
            {**_resource(ctx, stack, resources[key]), "last_updated_timestamp": resources[key].changed_at}
            for key in on_page.keys
        ],
        "next_token": on_page.next_token,
    }


def list_exports(ctx: Context, request: ListExportsRequest) -> dict[str, object]:
    """The exports of all stacks of the account and region, in pages."""
    exports = {
        output.export: (stack.arn, output.value)
        for stack in ctx.store.world.stacks.each("exporter", scope_key(ctx.scope))
        for output in stack.outputs.values()
        if output.export is not None
    }
    on_page = page_of(exports, "ListExports", request.next_token)
    return {
        "exports": [
            {"exporting_stack_id": exports[name][0], "name": name, "value": exports[name][1]} for name in on_page.keys
        ],
        "next_token": on_page.next_token,
    }


def list_imports(ctx: Context, request: ListImportsRequest) -> dict[str, object]:
    """The stacks that import an export, in pages."""
    importers = ctx.store.world.stacks.by("imported", named_key(ctx.scope, request.export_name))
    if not importers:
        raise StackFault(f"Export '{request.export_name}' is not imported by any stack.")
    listing = ("ListImports", request.export_name)
    on_page = page_of([stack.name for stack in importers], listing, request.next_token)
    return {"imports": on_page.keys, "next_token": on_page.next_token}


def parameter_views(template: StackTemplate) -> list[dict[str, object]]:
    """The parameters of a template as responses show them."""
    return [
        {
            "parameter_key": name,
            "parameter_value": HIDDEN_TEXT if name in template.hidden else text,
            "resolved_value": HIDDEN_TEXT
            if name in template.hidden and name in template.stored
            else template.stored.get(name),
        }
        for name, text in template.parameters.items()
    ]


def _resources(ctx: Context, stack: Stack) -> list[StackResource]:
    resources = ctx.store.world.stack_resources.by("stack", stack.arn)
    return [each for each in resources if not stack.exists or each.status is not ResourceStatus.DELETE_COMPLETE]


def _stack(ctx: Context, stack: Stack) -> dict[str, object]:
    template = ctx.store.world.stack_templates.get(stack.target)
    return {
        "stack_id": stack.arn,
        "stack_name": stack.name,
        "description": stack.description or None,
        "parameters": [] if template is None else parameter_views(template),
        "creation_time": stack.created_at,
        "last_updated_time": stack.updated_at,
        "deletion_time": stack.deleted_at,
        "rollback_configuration": {},
        "stack_status": stack.status,
        "stack_status_reason": stack.status_reason,
        "disable_rollback": stack.on_failure is OnFailure.DO_NOTHING,
        "notification_arns": stack.notification_arns,
        "timeout_in_minutes": stack.timeout_minutes,
        "capabilities": stack.capabilities,
        "outputs": [
            {
                "output_key": name,
                "output_value": output.value,
                "description": output.description or None,
                "export_name": output.export,
            }
            for name, output in stack.outputs.items()
        ],
        "role_arn": stack.role_arn,
        "tags": [] if template is None else tag_list(template.tags),
        "enable_termination_protection": stack.termination_protection,
        "drift_information": stack_drift(ctx, stack),
        "parent_id": stack.parent,
        "root_id": stack.root,
    }


def event_view(event: StackEvent) -> dict[str, object]:
    """An event as responses show it, without the stack's name."""
    return {
        "stack_id": event.stack,
        "event_id": event.id,
        "operation_id": event.operation_id or None,
        "logical_resource_id": event.logical_id,
        "physical_resource_id": event.physical_id,
        "resource_type": event.resource_type,
        "timestamp": event.at,
        "resource_status": event.status,
        "resource_status_reason": event.reason,
        "resource_properties": event.properties,
        "client_request_token": event.client_token,
    }


def _resource(ctx: Context, stack: Stack, resource: StackResource) -> dict[str, object]:
    return {
        "logical_resource_id": resource.logical_id,
        "physical_resource_id": None if resource.physical is None else resource.physical.id,
        "resource_type": resource.type,
        "resource_status": resource.status,
        "resource_status_reason": resource.reason,
        "drift_information": resource_drift(ctx, stack, resource.logical_id),
    }
