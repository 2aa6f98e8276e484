"""All resource types, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from typing_extensions import override

from moyai.stacks.skipping import SKIPPED
from moyai.stacks.template.model import is_custom
from moyai.stacks.transforms.serverless import APPLICATION
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.app_mesh import app_mesh_rows
from moyai.stacks.types.rows.auto_scaling import auto_scaling_rows
from moyai.stacks.types.rows.caches import cache_rows
from moyai.stacks.types.rows.certificates import certificate_rows
from moyai.stacks.types.rows.cloudwatch import cloudwatch_rows
from moyai.stacks.types.rows.custom import custom_resource
from moyai.stacks.types.rows.databases import database_rows
from moyai.stacks.types.rows.ec2 import ec2_rows
from moyai.stacks.types.rows.ec2_associations import ec2_association_rows
from moyai.stacks.types.rows.ec2_records import ec2_record_rows
from moyai.stacks.types.rows.ec2_security_groups import ec2_security_group_rows
from moyai.stacks.types.rows.ec2_vpc import ec2_vpc_rows
from moyai.stacks.types.rows.ecs import ecs_rows
from moyai.stacks.types.rows.ecs_managed import ecs_managed_rows
from moyai.stacks.types.rows.elbv2 import elbv2_rows
from moyai.stacks.types.rows.events import event_rows
from moyai.stacks.types.rows.functions import function_rows
from moyai.stacks.types.rows.global_tables import global_table_rows
from moyai.stacks.types.rows.iam import iam_rows
from moyai.stacks.types.rows.logs import logs_rows
from moyai.stacks.types.rows.messaging import messaging_rows
from moyai.stacks.types.rows.own import own_rows, skipped_type
from moyai.stacks.types.rows.route53 import route53_rows
from moyai.stacks.types.rows.s3 import s3_rows
from moyai.stacks.types.rows.scheduler import scheduler_rows
from moyai.stacks.types.rows.secret_attachments import secret_attachment_rows
from moyai.stacks.types.rows.secrets import secret_rows
from moyai.stacks.types.rows.serverless import serverless_rows
from moyai.stacks.types.rows.services import service_rows
from moyai.stacks.types.rows.storage import storage_rows

_ROWS: Final = (
    app_mesh_rows,
    logs_rows,
    secret_attachment_rows,
    database_rows,
    cache_rows,
    auto_scaling_rows,
    function_rows,
    global_table_rows,
    certificate_rows,
    cloudwatch_rows,
    ec2_rows,
    ec2_association_rows,
    ec2_record_rows,
    ec2_security_group_rows,
    ec2_vpc_rows,
    ecs_rows,
    ecs_managed_rows,
    elbv2_rows,
    own_rows,
    route53_rows,
    serverless_rows,
    s3_rows,
    messaging_rows,
    event_rows,
    scheduler_rows,
    iam_rows,
    secret_rows,
    service_rows,
    storage_rows,
)


class _ResourceTypes(Mapping[str, StackResourceType]):
    """The rows by type. It also has a row for each type name of custom resources and for each skipped type, but does
    not list these.
    """

    def __init__(self, rows: Mapping[str, StackResourceType]) -> None:
        self._rows = rows

    @override
    def __getitem__(self, name: str) -> StackResourceType:
        row = self._rows.get(name)
        if row is None and is_custom(name):
            return custom_resource(name)
        if name.startswith(SKIPPED):
            return skipped_type(name)
        return self._rows[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    @override
    def __len__(self) -> int:
        return len(self._rows)


@cache
def resource_types() -> Mapping[str, StackResourceType]:
    """The types that a stack's resources may have, by name."""
    return _ResourceTypes({each.name: each for rows in _ROWS for each in rows()})


def known_types() -> frozenset[str]:
    """The names of moyai's types, and of the type that a transform replaces, without names for custom resources."""
    return frozenset({*resource_types(), APPLICATION})


def has_type(name: object) -> bool:
    """Whether a resource in a template without transforms may have this type."""
    return isinstance(name, str) and not name.startswith(SKIPPED) and name in resource_types()
