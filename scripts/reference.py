"""Write docs/reference/ from the code: the coverage of the AWS APIs, their errors, the command line, a task's states.

One page is made from what attacks on tasks and on Docker's containers came to, and one from recorded measurements.

`make reference` runs it; with --check it writes nothing and fails when a page is out of date.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from pkgutil import walk_packages
from types import MappingProxyType
from typing import Any

import typer
from isolation import isolation_page
from performance import performance_page
from typer.main import get_command

import moyai
from moyai.api.coverage import render_coverage
from moyai.api.models import load_models
from moyai.app.request_check import idle_services
from moyai.cli.json_shapes import JSON_SHAPES
from moyai.cli.main import command_line
from moyai.domain.ecs.task import TASK_TRANSITIONS
from moyai.kernel.errors import ApiError
from moyai.stacks.types.registry import resource_types

_FOLDER = Path(__file__).parents[1] / "docs" / "reference"

_SECTIONS = MappingProxyType(
    {
        "moyai.api": "Every service",
        "moyai.kernel": "Every service",
        "moyai.domain.ecs": "ECS",
        "moyai.domain.cloudmap": "Cloud Map",
        "moyai.domain.appmesh": "App Mesh",
        "moyai.domain.vpc": "EC2",
        "moyai.domain.elb": "Elastic Load Balancing",
        "moyai.domain.ecr": "ECR",
        "moyai.domain.route53": "Route 53",
        "moyai.domain.efs": "EFS",
        "moyai.domain.cloudwatch": "CloudWatch",
        "moyai.domain.logs": "CloudWatch Logs",
        "moyai.domain.autoscaling": "Application Auto Scaling",
        "moyai.domain.pca": "Private CA",
        "moyai.domain.acm": "Certificate Manager",
        "moyai.domain.scheduler": "EventBridge Scheduler",
        "moyai.domain.eventbridge": "EventBridge",
        "moyai.domain.ssm": "Parameter Store",
        "moyai.domain.secretsmanager": "Secrets Manager",
        "moyai.domain.ram": "Resource Access Manager",
        "moyai.domain.resourcetags": "Resource Groups Tagging API",
        "moyai.domain.cloudformation": "CloudFormation",
        "moyai.domain.sts": "Security Token Service",
    }
)
"""The packages that define errors, each with the section of its errors."""
_ECS_EXCEPTIONS = _FOLDER.parents[1] / "tests" / "contract" / "api" / "ecs_exceptions.toml"
_BY_OPERATION_HEAD = """\
### ECS, by operation

Each exception that Amazon's model lists for an operation that is here; the tests provoke each. There is more than one
way to most of them. "All": of those whose model lists it."""
_ERRORS_HEAD = """\
Made from the error trees in the code (`make reference`); do not edit.

The code is what a client reads, in whatever protocol it spoke: `ClientError.response["Error"]["Code"]` in boto3.
An answer of 500 is moyai's fault. It may be tried again, as one of 503; every other will be the same the next time."""

_TYPES_HEAD = """\
Made from the rows in the code and AWS's published schemas (`make reference`); do not edit.

A template may set the properties, and read every property and attribute with `Fn::GetAtt`. See the
[guide](../guide/cloudformation.md)."""


def pages() -> Mapping[str, str]:
    """Each page's name and text."""
    return {
        "coverage.md": render_coverage(idle_services(), load_models()),
        "errors.md": errors_page(),
        "command-line.md": command_line_page(),
        "task-states.md": task_states_page(),
        "isolation.md": isolation_page(),
        "performance.md": performance_page(),
        "resource-types.md": resource_types_page(),
    }


def resource_types_page() -> str:
    """Every resource type of CloudFormation: what a template may set and read, and what replaces the resource."""
    parts = ["# Resource types of CloudFormation", "", _TYPES_HEAD, ""]
    for name, kind in sorted(resource_types().items()):
        schema = kind.schema
        fixed = sorted(each for each in schema.properties if kind.must_replace({each: 1}, {each: 2}))
        rows = (
            ("properties", sorted(schema.properties - schema.unsupported)),
            ("rejected", sorted(schema.unsupported)),
            ("a change replaces the resource", fixed),
            ("attributes beside them", sorted(schema.read_only | kind.attributes.keys())),
        )
        table = [f"| {title} | {', '.join(f'`{each}`' for each in names) or 'none'} |" for title, names in rows]
        parts += [f"## {name}", "", "| | |", "|---|---|", *table, ""]
    return "\n".join(parts)


def command_line_page() -> str:
    """Every command with its arguments and options."""
    top = typer.Context(get_command(command_line()), info_name="moyai")
    parts = ["# The command line\n\nMade from the commands' own definitions (`make reference`); do not edit.\n"]
    parts += _commands(top)
    return "\n".join(parts)


def _commands(context: typer.Context) -> list[str]:
    parts = []
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        below = typer.Context(command, info_name=name, parent=context)
        if hasattr(command, "list_commands"):
            parts += _commands(below)
            continue
        usage = " ".join(["moyai", *_path(below), *command.collect_usage_pieces(below)])
        rows = [_row(record) for p in command.get_params(below) if (record := p.get_help_record(below))]
        table = ["| option | |", "|---|---|", *rows] if rows else []
        name_in_full = " ".join(_path(below))
        shape = JSON_SHAPES.get(name_in_full)
        output = [] if shape is None else [f"With `--json`: {shape.text}.\n"]
        parts += [f"## moyai {name_in_full}\n", f"`{usage}`\n", f"{command.help}\n", *output, *table, ""]
    return parts


def _path(context: typer.Context) -> list[str]:
    above = context.parent
    return [] if above is None else [*_path(above), str(context.info_name)]


def _row(record: tuple[str, str]) -> str:
    name, text = (cell.replace("|", "\\|") for cell in record)
    return f"| `{name}` | {text} |"


def errors_page() -> str:
    """Every error that a client can get, by its service: code, HTTP status, when."""
    for module in walk_packages(moyai.__path__, "moyai."):
        if module.name.startswith(("moyai.api.", "moyai.domain.", "moyai.kernel.")):
            import_module(module.name)
    sections: dict[str, list[type[ApiError]]] = {title: [] for title in _SECTIONS.values()}
    for error in _concrete_errors(ApiError):
        sections[_SECTIONS[_package(error)]].append(error)
    parts = ["# Errors", "", _ERRORS_HEAD, ""]
    for title, errors in sections.items():
        rows = [f"| `{e.code}` | {e.status} | {_when(e)} |" for e in sorted(errors, key=lambda e: (e.code, _when(e)))]
        parts += [f"## {title}", "", "| code | HTTP status | when |", "|---|--:|---|", *rows, ""]
        parts += _by_operation() if title == "ECS" else []
    return "\n".join(parts)


def _by_operation() -> list[str]:
    """Every exception that the model lists for an operation of ECS: when it comes, or why it doesn't."""
    table = tomllib.loads(_ECS_EXCEPTIONS.read_text())
    table_rows = [*table["raised"], *table["elsewhere"], *table["never"]]
    several = Counter(row["exception"] for row in table_rows)
    rows = [
        f"| `{name}` | {_operations(row, several[name])} | {row.get('when') or 'never: ' + row['why']} |"
        for row in sorted(table_rows, key=lambda row: (row["exception"], row["operations"]))
        for name in [row["exception"]]
    ]
    return [*_BY_OPERATION_HEAD.splitlines(), "", "| exception | operations | when |", "|---|---|---|", *rows, ""]


def _operations(row: Mapping[str, Any], of_its_exception: int) -> str:
    if row["operations"] != ["*"]:
        return ", ".join(row["operations"])
    return "all others" if of_its_exception > 1 else "all"


def _concrete_errors(error: type[ApiError]) -> Iterator[type[ApiError]]:
    """The errors below this one, without the base classes of others in their module."""
    for below in error.__subclasses__():
        if not any(e.__module__ == below.__module__ for e in below.__subclasses__()):
            yield below
        yield from _concrete_errors(below)


def _package(error: type[ApiError]) -> str:
    parts = error.__module__.split(".")
    return ".".join(parts[: 3 if parts[1] == "domain" else 2])


def _when(error: type[ApiError]) -> str:
    return (getdoc(error) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def task_states_page() -> str:
    """The table of transitions, drawn."""
    arrows = [f"    {a} --> {b}" for a, following in TASK_TRANSITIONS.items() for b in sorted(following)]
    lines = ["# A task's states", "", "Drawn from `TASK_TRANSITIONS` (`make reference`); do not edit.", ""]
    ends = ["    [*] --> PROVISIONING", "    STOPPED --> [*]"]
    return "\n".join([*lines, "```mermaid", "stateDiagram-v2", ends[0], *arrows, ends[1], "```", ""])


def main() -> int:
    """Write the pages, or with --check compare them."""
    stale = []
    for name, text in pages().items():
        path = _FOLDER / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
            print(f"wrote docs/reference/{name}")
    if "--check" in sys.argv and stale:
        print(f"out of date: {', '.join(stale)}; run `make reference`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
