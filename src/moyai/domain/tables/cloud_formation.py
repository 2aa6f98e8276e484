"""The tables of CloudFormation."""

from __future__ import annotations

from moyai.domain.cloudformation.change_set import ChangeSet
from moyai.domain.cloudformation.drift import DriftDetection, ResourceDrift
from moyai.domain.cloudformation.event import StackEvent
from moyai.domain.cloudformation.signal import StackSignal
from moyai.domain.cloudformation.stack import Stack, StackResource, StackTemplate
from moyai.domain.keys import named_key, scope_key
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import scope_in_arn


class CloudFormationTables:
    """Stacks, their resources and events, and change sets."""

    stacks = TableSpec(
        Stack,
        scope=scope_in_arn,
        existing=lambda s: (scope_key(s.scope),) if s.exists else (),
        name=lambda s: (named_key(s.scope, s.name),) if s.exists else (),
        export=lambda s: tuple(
            named_key(s.scope, output.export) for output in s.outputs.values() if output.export is not None
        ),
        exporter=lambda s: (scope_key(s.scope),) if any(o.export is not None for o in s.outputs.values()) else (),
        root=lambda s: (s.root,) if s.root is not None and s.exists else (),
        imported=lambda s: tuple(named_key(s.scope, name) for name in s.imports) if s.exists else (),
    )
    """``existing``: stacks that are not deleted; only these are found by ``name``, ``root`` and ``imported``.
    ``exporter``: stacks that export something; ``imported``: stacks, by the exports that they import; ``root``: nested
    stacks, by the stack at the top.
    """
    stack_resources = TableSpec(
        StackResource,
        stack=lambda r: (r.stack,),
        failed=lambda r: (f"{r.stack} {r.phase}",) if r.status.failed else (),
        token=lambda r: (r.token,),
        physical_id=lambda r: () if r.physical is None else (r.physical.id,),
    )
    stack_signals = TableSpec(StackSignal, stack=lambda s: (s.stack,), token=lambda s: (s.token,))
    drift_detections = TableSpec(DriftDetection, stack=lambda d: (d.stack,), id=lambda d: (d.id,))
    resource_drifts = TableSpec(ResourceDrift, stack=lambda d: (d.stack,))
    stack_templates = TableSpec(StackTemplate, stack=lambda t: (t.stack,))
    stack_events = TableSpec(StackEvent, stack=lambda e: (e.stack,), operation=lambda e: (e.operation_id,))
    change_sets = TableSpec(ChangeSet, stack=lambda c: (c.stack,), root=lambda c: () if c.root is None else (c.root,))
    """``root``: change sets of nested stacks, by the change set of the stack at the top."""
