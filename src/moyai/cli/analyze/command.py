"""``moyai analyze``: check files for ECS before anything runs. Needs no server."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from moyai.cli.options import Json
from moyai.cli.text import echo


def analyze(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Task definitions, services, templates, Terraform plans, or directories.",
            exists=True,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Check task definitions, services, CloudFormation templates and Terraform plans before anything runs.

    A plan is the output of `terraform show -json PLAN`. Names at once all members and resource types that moyai
    refuses, all rules of RegisterTaskDefinition and CreateService that a document breaks once its members have valid
    types, lengths and values, and client aliases that two services have, and says where moyai differs from AWS for what
    is set, and which rules it can't check, because a value is not known before the deployment. Exits with 1 if there is
    a problem.
    """
    from moyai.app.request_check import request_check
    from moyai.cli.analyze.checks import analyze_documents, finding_lines
    from moyai.cli.analyze.documents import read_documents
    from moyai.images.model import host_platform

    documents = read_documents(files)
    findings = analyze_documents(documents, request_check(), host_platform().architecture)
    counts = Counter(finding.severity for finding in findings)
    if as_json:
        checked = [{"file": str(d.path), "kind": d.kind} for d in documents]
        echo(json.dumps({"files": checked, "findings": [finding._asdict() for finding in findings]}))
    else:
        lines = finding_lines(findings)
        numbers = {"document": len(documents), **{s: counts[s] for s in ("problem", "warning", "difference")}}
        summary = [f"{number} {noun}{'s' if number != 1 else ''}" for noun, number in numbers.items()]
        if counts["unchecked"]:
            summary.append(f"{counts['unchecked']} unchecked")
        echo(*lines, f"{', '.join(summary)}.")
    if counts["problem"]:
        raise typer.Exit(1)
