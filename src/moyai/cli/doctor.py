"""``moyai doctor``: what keeps services from calling each other, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import typer

from moyai.cli.console import console
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote, Unreachable

Finding = Mapping[str, str]
_PROBLEM, _WARNING = "problem", "warning"


def doctor(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """Look for what keeps services from calling each other, and say what to do about each thing.

    Looks at this machine (can tasks run here?), the server, its proxies (connected, up to date, refusing?), services
    that don't get on, names that nobody answers or that another one hides, and running tasks that can't call a name
    because their deployment is older. In all accounts and regions.

    A problem is something that fails now; a warning may be as you meant it. Ends with 1 when there is a problem, else
    with 0. Needs a server on this machine's loopback, without keys.
    """
    found = _findings(Remote(endpoint, REGION))
    if as_json:
        typer.echo(json.dumps({"findings": found}, indent=2))
    else:
        _show(found)
    if any(finding["severity"] == _PROBLEM for finding in found):
        raise typer.Exit(1)


def _findings(remote: Remote) -> list[Finding]:
    from moyai.app.preflight import machine_warnings

    try:
        said = remote.doctor()
    except Unreachable as error:
        return _unanswered(remote, error)
    limits = machine_warnings() if said["runtime"] == "linux" else []
    missing = [_finding(_WARNING, "machine", "this machine", line, "Tasks run all the same.") for line in limits]
    return [*said["findings"], *missing, *_versions(said["version"])]


def _unanswered(remote: Remote, error: Unreachable) -> list[Finding]:
    """Why nothing was told: no server, or one that tells strangers nothing."""
    from moyai.app.preflight import machine_problems

    try:
        health = remote.health()
    except Unreachable:
        remedy = "Mend it before `moyai up`."
        machine = [_finding(_PROBLEM, "machine", "this machine", line, remedy) for line in machine_problems()]
        remedy = "Start it with `moyai up`, or say where it is with --endpoint; see its log, too."
        return [*machine, _finding(_PROBLEM, "server", remote.url, str(error), remedy)]
    message = "the server asks for keys, and then tells the doctor nothing."
    remedy = "See moyai status and the services' events; the doctor looks at servers on loopback without keys."
    full = [_finding(_PROBLEM, "disk", "the server's disk", why, "Give it room.") for why in health.get("problems", ())]
    return [*full, _finding(_PROBLEM, "server", remote.url, message, remedy)]


def _versions(servers: str) -> list[Finding]:
    own = version("moyai")
    if servers == own:
        return []
    message = f"the server is version {servers}, this command is {own}."
    return [
        _finding(
            _WARNING, "version", "the server", message, "End `moyai up` and start it again; tasks go on meanwhile."
        )
    ]


def _finding(severity: str, kind: str, subject: str, message: str, remedy: str) -> Finding:
    return {"severity": severity, "kind": kind, "subject": subject, "message": message, "remedy": remedy}


def _show(found: Sequence[Finding]) -> None:
    out = console()
    if not found:
        out.print("Nothing is wrong.")
    for finding in found:
        out.print(f"{finding['severity']}: {finding['kind']}: {finding['subject']}", markup=False, soft_wrap=True)
        out.print(f"  {finding['message']}", markup=False, soft_wrap=True)
        out.print(f"  -> {finding['remedy']}", markup=False, soft_wrap=True)
