"""``moyai doctor``: find what keeps services from calling each other, and what to do about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

from moyai.cli.errors import Unreachable
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote
from moyai.cli.text import echo

Finding = Mapping[str, str]
_PROBLEM, _WARNING, _NOTE = "problem", "warning", "note"
_CHECKS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "machine": frozenset({"machine"}),
        "server": frozenset({"server", "version", "disk", "ignored-member"}),
        "proxies": frozenset({"proxy-not-connected", "configuration-refused", "configuration-under-way"}),
        "shared proxy": frozenset({"shared-proxy"}),
        "services": frozenset(
            {"tasks-do-not-start", "tasks-end-early", "service-stuck", "task-not-stopped", "tasks-unhealthy"}
            | {"not-listening"}
        ),
        "names": frozenset({"nobody-answers", "names-not-seen", "name-hidden", "left-out"}),
        "load balancers": frozenset({"load-balancer-impaired", "no-targets", "no-healthy-target"}),
        "public ports": frozenset({"port-not-open"}),
        "clusters": frozenset({"sessions-not-recorded"}),
    }
)
"""The checks, each with the kinds of its findings, in the order in which the checks depend on each other."""
_ARN_PARTS: Final = 6


def doctor(
    endpoint: Endpoint = ENDPOINT,
    account: Annotated[str | None, typer.Option(help="Only findings of this account.")] = None,
    region: Annotated[str | None, typer.Option(help="Only findings of this region.")] = None,
    as_json: Json = False,
) -> None:
    """Find what keeps services from calling each other. Each finding says what to do about it.

    Checks this machine (can tasks run here, and how many?), the server, its proxies (connected, up to date, no
    rejected configuration?), the proxy that tasks can share (do new tasks share it, and why not?), services whose
    deployments do not progress, names without an endpoint or hidden by another name, load balancers and their
    targets, public ports that another program uses. Covers all accounts and regions unless one is named.

    A problem is something that fails now; a warning may be intended; a note is as on AWS. Exits with 1 if there is a
    problem, else with 0. Needs a server on this machine's loopback, without access keys.
    """
    examined, findings = _findings(Remote(endpoint, REGION))
    findings = [finding for finding in findings if _concerns(finding, account, region)]
    if as_json:
        typer.echo(json.dumps({"examined": examined, "findings": findings}, indent=2))
    else:
        _print(examined, findings)
    if any(finding["severity"] == _PROBLEM for finding in findings):
        raise typer.Exit(1)


def _findings(remote: Remote) -> tuple[Mapping[str, Any], list[Finding]]:
    """What was examined, each subject with a number or a description, and the findings."""
    from moyai.app.preflight import machine_warnings

    try:
        report = remote.read("doctor")
    except Unreachable as error:
        return _without_report(remote, error)
    is_linux = report["runtime"] == "linux"
    warnings = [
        _finding(_WARNING, "machine", "this machine", line, "moyai runs without it; restart `moyai up` afterwards.")
        for line in (machine_warnings() if is_linux else [])
    ]
    machine = {"machine": "can run tasks"} if is_linux else {}
    server = {"server": f"{remote.url}, version {report['version']}, runtime {report['runtime']}"}
    examined = {**machine, **server, **report.get("examined", {})}
    sharing = examined.pop("shared proxy", 0)
    shared_proxy = _shared_proxy_findings(sharing) if is_linux and os.geteuid() == 0 else []
    if "proxy" in report:
        examined["shared proxy"] = f"{report['proxy']}; {sharing} tasks share one"
    return examined, [*warnings, *_version_findings(report), *shared_proxy, *report["findings"]]


def _shared_proxy_findings(sharing: int) -> list[Finding]:
    """The finding if tasks can't share a proxy on this machine. ``sharing``: the number of tasks that share one."""
    from moyai.app.preflight import shared_proxy_problem

    reason = shared_proxy_problem()
    if reason is None:
        return []
    remedy = "Until it is repaired, don't ask for it: leave out `--proxy node`, and the tag moyai:proxy of clusters."
    severity = _PROBLEM if sharing else _NOTE
    return [_finding(severity, "shared-proxy", "this machine", f"Tasks can't share a proxy here: {reason}.", remedy)]


def _without_report(remote: Remote, error: Unreachable) -> tuple[Mapping[str, Any], list[Finding]]:
    """What was examined, and why the server gave no report: it does not run, or it requires access keys."""
    from moyai.app.preflight import machine_problems

    try:
        health = remote.health()
    except Unreachable:
        remedy = "Fix this before running `moyai up`."
        machine = [_finding(_PROBLEM, "machine", "this machine", line, remedy) for line in machine_problems()]
        remedy = "Start it with `moyai up`, or give its URL with --endpoint. If it ended by itself, read its log."
        server = _finding(_PROBLEM, "server", remote.url, str(error), remedy)
        return {"machine": "can run tasks", "server": remote.url}, [*machine, server]
    message = "The server requires access keys; the doctor can only examine servers without them."
    remedy = "Look at `moyai status` and `moyai events`."
    disk = [
        _finding(_PROBLEM, "disk", "the server's disk", problem, "Free disk space.")
        for problem in health.get("problems", ())
    ]
    return {"server": remote.url}, [*disk, _finding(_PROBLEM, "server", remote.url, message, remedy)]


def _version_findings(report: Mapping[str, Any]) -> list[Finding]:
    from importlib.metadata import version

    own_version, server_version, findings = version("moyai"), report["version"], []
    if server_version != own_version:
        message = f"The server is version {server_version}, this command is {own_version}."
        remedy = "Restart `moyai up`; tasks keep running meanwhile."
        findings = [_finding(_WARNING, "version", "the server", message, remedy)]
    if delegate_version := report.get("delegate_version"):
        message = f"moto was started by {delegate_version} of moyai, and the server is version {server_version}."
        remedy = (
            "If you miss what this version repairs in moto, `moyai down` ends it, with its records (`moyai services`)."
        )
        findings.append(_finding(_NOTE, "version", "moto", message, remedy))
    return findings


def _finding(severity: str, kind: str, subject: str, message: str, remedy: str) -> Finding:
    return {"severity": severity, "kind": kind, "subject": subject, "message": message, "remedy": remedy}


def _place(finding: Finding) -> tuple[str, str]:
    """The account and the region of the subject; both empty if it belongs to the whole installation."""
    parts = finding["subject"].split(":", _ARN_PARTS)
    return (parts[4], parts[3]) if len(parts) >= _ARN_PARTS and parts[0] == "arn" else ("", "")


def _concerns(finding: Finding, account: str | None, region: str | None) -> bool:
    at_account, at_region = _place(finding)
    is_of_account = account is None or at_account in {account, ""}
    return is_of_account and (region is None or at_region in {region, ""})


def _print(examined: Mapping[str, Any], findings: Sequence[Finding]) -> None:
    """The list of checks with their results, then the findings of each account and region."""
    echo(*(_check_line(check, examined[check], findings) for check in _CHECKS if check in examined))
    places = sorted({_place(finding) for finding in findings})
    for place in places:
        if len(places) > 1 and place != ("", ""):
            echo("", f"account {place[0]}, {place[1]}")
        for finding in (f for f in findings if _place(f) == place):
            echo("", f"{finding['severity']}: {finding['kind']}: {finding['subject']}")
            echo(f"  {finding['message']}", f"  -> {finding['remedy']}")
    echo("", _summary(findings))


def _check_line(check: str, subject: str | int, findings: Iterable[Finding]) -> str:
    """The line with the worst result of a check, and its subject: a description, or the number of resources."""
    severities = [finding["severity"] for finding in findings if finding["kind"] in _CHECKS[check]]
    worst = next((severity for severity in (_PROBLEM, _WARNING, _NOTE) if severity in severities), "ok")
    more = f", {len(severities)} findings" if len(severities) > 1 else ""
    return f"{worst:<8}{check:<15}{subject}{more if worst != 'ok' else ''}"


def _summary(findings: Sequence[Finding]) -> str:
    counts = {severity: sum(f["severity"] == severity for f in findings) for severity in (_PROBLEM, _WARNING, _NOTE)}
    if not counts[_PROBLEM] and not counts[_WARNING]:
        return "No problems found."
    return ", ".join(f"{n} {severity}{'s' if n != 1 else ''}" for severity, n in counts.items() if n) + "."
