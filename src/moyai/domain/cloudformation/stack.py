"""Stacks and their resources.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html and API_StackResource.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from moyai.domain.keys import scope_of
from moyai.domain.record import ArnRecord, IdRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId, StackTemplateId
from moyai.kernel.scope import Scope


class StackStatus(StrEnum):
    """The states of a stack."""

    REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_COMPLETE = "ROLLBACK_COMPLETE"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    UPDATE_ROLLBACK_IN_PROGRESS = "UPDATE_ROLLBACK_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE = "UPDATE_ROLLBACK_COMPLETE"
    UPDATE_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"
    IMPORT_IN_PROGRESS = "IMPORT_IN_PROGRESS"
    IMPORT_COMPLETE = "IMPORT_COMPLETE"
    IMPORT_ROLLBACK_IN_PROGRESS = "IMPORT_ROLLBACK_IN_PROGRESS"
    IMPORT_ROLLBACK_COMPLETE = "IMPORT_ROLLBACK_COMPLETE"

    @property
    def in_progress(self) -> bool:
        """Whether an operation is under way. A stack that only has a change set is in review, and nothing is."""
        return self.value.endswith("IN_PROGRESS") and self is not StackStatus.REVIEW_IN_PROGRESS


UPDATABLE: Final = frozenset(
    {
        StackStatus.CREATE_COMPLETE,
        StackStatus.CREATE_FAILED,
        StackStatus.UPDATE_COMPLETE,
        StackStatus.UPDATE_FAILED,
        StackStatus.UPDATE_ROLLBACK_COMPLETE,
        StackStatus.IMPORT_COMPLETE,
        StackStatus.IMPORT_ROLLBACK_COMPLETE,
    }
)
"""The states in which a stack takes an update."""
FAILED: Final = frozenset({StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED})
"""The states in which a failed operation has left a stack as it was then."""
UPDATING: Final = frozenset(
    {
        StackStatus.UPDATE_IN_PROGRESS,
        StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS,
        StackStatus.UPDATE_ROLLBACK_IN_PROGRESS,
        StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
    }
)
"""The states of an update that is under way or being rolled back."""
IMPORTING: Final = frozenset({StackStatus.IMPORT_IN_PROGRESS, StackStatus.IMPORT_ROLLBACK_IN_PROGRESS})
"""The states of an import that is under way or being rolled back: its resources may not be the stack's yet."""
MAY_GO_BACK: Final = frozenset(
    {
        StackStatus.UPDATE_IN_PROGRESS,
        StackStatus.UPDATE_FAILED,
        StackStatus.UPDATE_ROLLBACK_IN_PROGRESS,
        StackStatus.UPDATE_ROLLBACK_FAILED,
    }
)
"""The states of an update whose rollback may return the stack, and those nested in it, to what they were before."""


class ResourceStatus(StrEnum):
    """The states of a stack's resource."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"
    DELETE_SKIPPED = "DELETE_SKIPPED"
    IMPORT_IN_PROGRESS = "IMPORT_IN_PROGRESS"
    IMPORT_COMPLETE = "IMPORT_COMPLETE"
    IMPORT_FAILED = "IMPORT_FAILED"
    IMPORT_ROLLBACK_IN_PROGRESS = "IMPORT_ROLLBACK_IN_PROGRESS"
    IMPORT_ROLLBACK_COMPLETE = "IMPORT_ROLLBACK_COMPLETE"

    @property
    def in_progress(self) -> bool:
        """Whether a call for the resource is under way, or was when the control plane ended."""
        return self.value.endswith("IN_PROGRESS")

    @property
    def failed(self) -> bool:
        """Whether the resource's last operation has failed."""
        return self.value.endswith("FAILED")


class OnFailure(StrEnum):
    """The treatment of a stack whose creation fails."""

    ROLLBACK = "ROLLBACK"
    DELETE = "DELETE"
    DO_NOTHING = "DO_NOTHING"


class StackTemplate(IdRecord, frozen=True, tag="stack_template"):
    """A template with the values of one operation. It never changes.

    ``parameters``: texts by name; ``stored``: the values from Parameter Store of parameters with its types; ``tags``:
    of the stack, which its resources get, too. ``hidden``: the names of the parameters whose values no API shows.
    """

    id: StackTemplateId
    stack: StackId
    body: str
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    stored: Mapping[str, str] = msgspec.field(default_factory=dict)
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    included: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The files that the template includes, by their locations."""
    unknown: tuple[str, ...] = ()
    """The parameters whose texts are placeholders: a nested stack's change set knows no others before the resources of
    which they are made.
    """
    skipped_types: tuple[str, ...] = ()

    @property
    def hidden_texts(self) -> frozenset[str]:
        """The values that no API shows, and the elements of those that are lists."""
        texts = {values[name] for values in (self.parameters, self.stored) for name in self.hidden if name in values}
        return frozenset(texts | {part.strip() for text in texts for part in text.split(",")}) - {""}


class StackOutput(msgspec.Struct, frozen=True):
    """An output of a stack as it was evaluated. ``export``: the name under which it is exported, if it is."""

    value: str
    description: str = ""
    export: str | None = None


class Stack(ArnRecord, frozen=True, tag="stack"):
    """A stack. Its ARN is its id."""

    arn: StackId
    name: str
    status: StackStatus
    target: StackTemplateId | None
    """The id of the template that the stack has, or is to have; None for a stack in review."""
    created_at: Instant
    status_reason: str | None = None
    former: StackTemplateId | None = None
    """The id of the template that the stack had before the update under way, and has again if that fails."""
    description: str = ""
    capabilities: tuple[str, ...] = ()
    former_capabilities: tuple[str, ...] | None = None
    """Those of the template ``former``; None: not known, since an earlier version of moyai began the operation."""
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    on_failure: OnFailure = OnFailure.ROLLBACK
    """DO_NOTHING = DisableRollback."""
    outputs: Mapping[str, StackOutput] = msgspec.field(default_factory=dict)
    imports: tuple[str, ...] = ()
    """The names of the exports that its template imports."""
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    deadline: Instant | None = None
    """When a creation that is under way fails: TimeoutInMinutes after it began."""
    timeout_minutes: int | None = None
    termination_protection: bool = False
    retained: tuple[str, ...] = ()
    """The logical ids that the deletion under way leaves."""
    forces_deletion: bool = False
    """Whether the deletion under way leaves what can't be deleted."""
    importing: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The physical ids of what was or is imported since the stack had the template ``former``, by logical id."""
    nested: Mapping[str, StackId] = msgspec.field(default_factory=dict)
    """The nested stacks that the change set under way has put in review, by logical id."""
    skipped: tuple[str, ...] = ()
    """The logical ids that the rollback under way does not touch."""
    operation_id: str = ""
    client_token: str | None = None
    request: str | None = None
    """The fingerprint of the request that began the last operation, with its token; see ``api.idempotency``."""
    policy: str | None = None
    """The stack policy, as its text."""
    update_policy: str | None = None
    """The policy that applies to the update under way instead of ``policy``."""
    parent: StackId | None = None
    """The stack that has this stack as one of its resources; None if a user has created it."""
    root: StackId | None = None
    """For a nested stack: the stack at the top."""

    @property
    def scope(self) -> Scope:
        """The account and region."""
        return scope_of(self.arn)

    @property
    def phase(self) -> str:
        """The operation under way, and how far it is. A failure counts only in the phase in which it happened."""
        return f"{self.operation_id} {self.status}"

    @property
    def exists(self) -> bool:
        """Whether the stack is found by its name."""
        return self.status is not StackStatus.DELETE_COMPLETE


class PhysicalResource(msgspec.Struct, frozen=True):
    """A resource as its service has it.

    ``id``: the physical id; ``properties``: the values with which it was created or last updated.
    """

    id: str
    properties: Mapping[str, Any]
    ref: str = ""
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)


class StackResource(StoredRecord, frozen=True, tag="stack_resource"):
    """A resource of a stack, under its logical id.

    ``physical`` is None before its creation was answered. ``wanted``: the properties of the operation under way, or of
    the last one if that has failed. ``attempted``: those of an update that failed earlier: some of them may apply.
    ``creating``: the operation under way creates it. ``sent``: the creation was sent, or is about to be.
    ``cleaning``: an obsolete resource is being deleted. ``phase``: the stack's operation and state in which the status
    was set.
    ``obsolete``: the physical resources that replacements have left, which cleanup deletes. ``requires``: the logical
    ids that must exist before it, and are deleted after it. ``token``: the client token of its creation call.
    """

    stack: StackId
    logical_id: str
    type: str
    status: ResourceStatus
    changed_at: Instant
    token: str
    physical: PhysicalResource | None = None
    wanted: Mapping[str, Any] | None = None
    attempted: Mapping[str, Any] | None = None
    creating: bool = False
    sent: bool = False
    cleaning: bool = False
    phase: str = ""
    obsolete: tuple[PhysicalResource, ...] = ()
    requires: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    reason: str | None = None
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict)
    creation_policy: Mapping[str, Any] = msgspec.field(default_factory=dict)
    update_policy: Mapping[str, Any] = msgspec.field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """The texts in its properties that are made of hidden parameters' values."""
    exchange: tuple[str, Instant] | None = None  # the last request that its procedure has sent, and when it began to

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return resource_key(self.stack, self.logical_id)

    @property
    def is_changing(self) -> bool:
        """Whether the resource is being created, updated or imported."""
        return self.status.in_progress and self.status is not ResourceStatus.DELETE_IN_PROGRESS


def failure_key(stack: Stack) -> str:
    """The value under which the resources are found that have failed in the present phase of a stack's operation."""
    return f"{stack.arn} {stack.phase}"


def resource_key(stack: StackId, logical_id: str) -> str:
    """The key of a stack's resource."""
    return f"{stack} {logical_id}"
