"""``moyai doctor``: find what keeps services from calling each other, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import typer

from moyai.cli.errors import Unreachable
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote

Finding = Mapping[str, str]
_PROBLEM, _WARNING = "problem", "warning"


def doctor(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """Find what keeps services from calling each other. Each finding says what to do about it.

    Checks this machine (can tasks run here?), the server, its proxies (connected, up to date, no rejected
    configuration?), services whose deployments do not progress, names without an endpoint or hidden by another name,
    and running tasks that cannot call a name because their deployment is older than it. Covers all accounts and
    regions.

    A problem is something that fails now; a warning may be intended. Exits with 1 if there is a problem, else with 0.
    Needs a server on this machine's loopback, without access keys.
    """
    findings = _findings(Remote(endpoint, REGION))
    if as_json:
        typer.echo(json.dumps({"findings": findings}, indent=2))
    else:
        _print(findings)
    if any(finding["severity"] == _PROBLEM for finding in findings):
        raise typer.Exit(1)


def _findings(remote: Remote) -> list[Finding]:
    from moyai.app.preflight import machine_warnings

    try:
        report = remote.doctor()
    except Unreachable as error:
        return _without_report(remote, error)
    limits = machine_warnings() if report["runtime"] == "linux" else []
    warnings = [_finding(_WARNING, "machine", "this machine", line, "Tasks run without it.") for line in limits]
    return [*report["findings"], *warnings, *_version_findings(report["version"])]


def _without_report(remote: Remote, error: Unreachable) -> list[Finding]:
    """Why the server gave no report: it does not run, or it requires access keys."""
    from moyai.app.preflight import machine_problems

    try:
        health = remote.health()
    except Unreachable:
        remedy = "Fix this before running `moyai up`."
        machine = [_finding(_PROBLEM, "machine", "this machine", line, remedy) for line in machine_problems()]
        remedy = "Start it with `moyai up`, or give its URL with --endpoint. If it ended by itself, read its log."
        return [*machine, _finding(_PROBLEM, "server", remote.url, str(error), remedy)]
    message = "The server requires access keys; the doctor can only examine servers without them."
    remedy = "Look at `moyai status` and at the events of the services."
    disk = [
        _finding(_PROBLEM, "disk", "the server's disk", problem, "Free disk space.")
        for problem in health.get("problems", ())
    ]
    return [*disk, _finding(_PROBLEM, "server", remote.url, message, remedy)]


def _version_findings(server_version: str) -> list[Finding]:
    from importlib.metadata import version

    own_version = version("moyai")
    if server_version == own_version:
        return []
    message = f"The server is version {server_version}, this command is {own_version}."
    remedy = "Restart `moyai up`; tasks keep running meanwhile."
    return [_finding(_WARNING, "version", "the server", message, remedy)]


def _finding(severity: str, kind: str, subject: str, message: str, remedy: str) -> Finding:
    return {"severity": severity, "kind": kind, "subject": subject, "message": message, "remedy": remedy}


def _print(findings: Sequence[Finding]) -> None:
    if not findings:
        typer.echo("No problems found.")
    for finding in findings:
        typer.echo(f"{finding['severity']}: {finding['kind']}: {finding['subject']}")
        typer.echo(f"  {finding['message']}")
        typer.echo(f"  -> {finding['remedy']}")
