"""``moyai analyze``: check files for ECS before anything runs. Needs no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moyai.cli.options import Json
from moyai.cli.text import echo


def analyze(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Task definitions, services, templates, or directories.", exists=True),
    ],
    as_json: Json = False,
) -> None:
    """Check task definitions, services and CloudFormation templates before anything runs.

    Finds all members and resource types that moyai refuses at once, client aliases that two services have, port names
    that a task definition lacks, and health checks that cannot pass. Exits with 1 if there is a problem.
    """
    from moyai.app.request_check import RequestCheck
    from moyai.cli.analyze.checks import analyze_documents
    from moyai.cli.analyze.documents import read_documents

    documents = read_documents(files)
    findings = analyze_documents(documents, RequestCheck())
    problems = sum(finding.severity == "problem" for finding in findings)
    if as_json:
        checked = [{"file": str(d.path), "kind": d.kind} for d in documents]
        echo(json.dumps({"files": checked, "findings": [finding._asdict() for finding in findings]}))
    else:
        lines = [f"{finding.severity}: {finding.file}: {finding.message}" for finding in findings]
        echo(*lines, f"{len(documents)} documents, {problems} problems, {len(findings) - problems} warnings.")
    if problems:
        raise typer.Exit(1)
