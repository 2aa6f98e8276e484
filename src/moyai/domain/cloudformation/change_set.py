"""Change sets.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from moyai.domain.cloudformation.stack import OnFailure
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ChangeSetArn, StackId, StackTemplateId


class ChangeSetType(StrEnum):
    """The effect of executing a change set."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    IMPORT = "IMPORT"


class ChangeSetStatus(StrEnum):
    """The states of a change set."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    FAILED = "FAILED"


class ExecutionStatus(StrEnum):
    """Whether a change set can be, or was, executed."""

    UNAVAILABLE = "UNAVAILABLE"
    AVAILABLE = "AVAILABLE"
    EXECUTE_COMPLETE = "EXECUTE_COMPLETE"
    OBSOLETE = "OBSOLETE"


class ImportCandidate(msgspec.Struct, frozen=True):
    """A resource that a change set adds, and imports if it exists. ``identifiers``: the properties that name it;
    ``is_retained``: whether its DeletionPolicy permits the import.
    """

    type: str
    id: str
    identifiers: Mapping[str, str]
    properties: Mapping[str, Any]
    is_retained: bool


class ChangeSet(ArnRecord, frozen=True, tag="change_set"):
    """A change set: what an update would do. ``changes`` is as the API shows it."""

    arn: ChangeSetArn
    name: str
    stack: StackId
    stack_name: str
    type: ChangeSetType
    status: ChangeSetStatus
    execution_status: ExecutionStatus
    target: StackTemplateId
    created_at: Instant
    status_reason: str | None = None
    description: str | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    request: str | None = None
    """The fingerprint of the request that created it, with its token."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    importing: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The physical ids of the resources that it imports, by logical id."""
    includes_nested: bool = False
    """Whether the nested stacks have change sets, too."""
    imports_existing: bool = False
    """Whether a resource that it adds is imported if it exists already."""
    parent: ChangeSetArn | None = None
    """For the change set of a nested stack: that of the stack around it."""
    root: ChangeSetArn | None = None
    """For the change set of a nested stack: that of the stack at the top, which alone can be executed or deleted."""
    nested: Mapping[str, ChangeSetArn] = msgspec.field(default_factory=dict)
    """The change sets of the nested stacks that it changes, by logical id."""
    candidates: Mapping[str, ImportCandidate] = msgspec.field(default_factory=dict)
    """The resources that are looked for before the change set is complete, by logical id."""
