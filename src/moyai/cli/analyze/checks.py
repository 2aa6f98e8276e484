"""The checks of documents, each by itself and all together. Pure but for the checks of ECS's API, which are passed in.

Promise: a finding names its file, and says what is wrong and what to do. moyai refuses a problem; what a warning is
about may be intended; a difference says how moyai does what the document asks for, where AWS does it otherwise. A
finding also names what is not checked, because the document does not have the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from botocore.model import StructureShape

from moyai.cli.analyze.differences import ParityRow, differences, parity_rows
from moyai.cli.analyze.documents import Document, DocumentKind
from moyai.cli.analyze.health_checks import asked_ports
from moyai.cli.analyze.requests import DocumentRequest
from moyai.cli.analyze.stand_ins import with_stand_ins
from moyai.cli.analyze.templates import template_content
from moyai.cli.analyze.terraform import delegated_types, plan_requests
from moyai.domain.cloudformation.errors import TemplateFault

_ECS: Final = "ecs"
_PROBLEM, _WARNING, _DIFFERENCE, _UNCHECKED = "problem", "warning", "difference", "unchecked"
_OPERATIONS: Final = MappingProxyType(
    {DocumentKind.TASK_DEFINITION: "RegisterTaskDefinition", DocumentKind.SERVICE: "CreateService"}
)
_RETURNED_ONLY: Final = frozenset(
    {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"}
    | {"deregisteredAt", "deleteRequestedAt"}
)
"""Members that DescribeTaskDefinition adds."""
_PROCESSORS: Final = MappingProxyType({"X86_64": "amd64", "ARM64": "arm64"})


class AnalyzedFinding(NamedTuple):
    """A finding, the file that it is about, and the resource in it, if it is about one."""

    severity: str
    file: str
    message: str
    resource: str = ""


class Checks(Protocol):
    """The checks of AWS's API."""

    def has_service(self, name: str) -> bool:
        """Whether moyai implements the service."""

    def input_shape(self, service: str, operation: str) -> StructureShape:
        """The model of an operation's input."""

    def ecs_refusals(self, operation: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """All reasons of the model and of moyai to refuse a request to ECS. Raises TypeError and ValueError."""

    def unknown_ecs_members(self, operation: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """The members that AWS's model of a request to ECS lacks, as ``Shape.member``; none of a refused request."""

    def broken_rules(
        self, operation: str, members: Mapping[str, Any], definition: Mapping[str, Any] | None
    ) -> Sequence[str]:
        """The rules that a request to ECS breaks, as far as they need no other record than the task definition."""

    def fit_members(self, service: str, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Members with the names and types of the model. Raises ValueError."""

    def refusals(
        self, service: str, operation: str, members: Mapping[str, Any], unknown: AbstractSet[str]
    ) -> Sequence[str]:
        """All reasons to refuse fitted members."""


def analyze_documents(documents: Sequence[Document], checks: Checks, processor: str) -> list[AnalyzedFinding]:
    """All findings, in the order of the files. ``processor``: this machine's, as images name it: amd64, arm64."""
    findings: list[AnalyzedFinding] = []
    requests: list[DocumentRequest] = []
    for document in documents:
        match document.kind:
            case DocumentKind.TEMPLATE:
                document_findings, drafts = _read_template(document, checks)
            case DocumentKind.PLAN:
                document_findings, drafts = _read_plan(document, checks)
            case _:
                document_findings, drafts = _read_ecs_document(document, checks)
        findings += document_findings
        for draft in drafts:
            refused, request = _check(draft, checks) if draft.resource else ([], draft)
            findings += refused
            requests.append(request)
    rows = parity_rows()
    definitions = [r for r in requests if _is_ecs(r, DocumentKind.TASK_DEFINITION)]
    for request in requests:
        findings += _rule_findings(request, definitions, checks)
        findings += [*_platform_findings(request, processor), *_request_findings(request, rows)]
    return [*findings, *_alias_findings(requests)]


def finding_lines(findings: Sequence[AnalyzedFinding]) -> list[str]:
    """The findings as text; a difference once, with all that it is about below."""
    lines, places = [], dict[str, list[str]]()
    for finding in findings:
        place = f"{finding.file}: {finding.resource}" if finding.resource else finding.file
        if finding.severity == _DIFFERENCE:
            places.setdefault(finding.message, []).append(place)
        else:
            lines.append(f"{finding.severity}: {place}: {finding.message}")
    for message, concerned in places.items():
        lines += [f"{_DIFFERENCE}: {message}", *(f"  {place}" for place in concerned)]
    return lines


def _read_template(document: Document, checks: Checks) -> tuple[list[AnalyzedFinding], list[DocumentRequest]]:
    file = str(document.path)

    def input_shape(service: str, operation: str) -> StructureShape | None:
        return checks.input_shape(service, operation) if checks.has_service(service) else None

    try:
        problems, requests = template_content(file, document.raw.decode(), input_shape)
    except (TemplateFault, UnicodeDecodeError) as fault:
        return [AnalyzedFinding(_PROBLEM, file, str(fault))], []
    return [AnalyzedFinding(_PROBLEM, file, problem, name) for name, problem in problems], requests


def _read_plan(document: Document, checks: Checks) -> tuple[list[AnalyzedFinding], list[DocumentRequest]]:
    file = str(document.path)
    others = [
        AnalyzedFinding(
            _WARNING, file, f"{name}: moyai does not implement it; another server must answer, see --delegate"
        )
        for name in delegated_types(document.content)
    ]
    return others, list(plan_requests(file, document.content, checks.input_shape))


def _read_ecs_document(document: Document, checks: Checks) -> tuple[list[AnalyzedFinding], list[DocumentRequest]]:
    file, operation = str(document.path), _OPERATIONS[document.kind]
    parameters = {name: value for name, value in document.content.items() if name not in _RETURNED_ONLY}
    try:
        refusals = checks.ecs_refusals(operation, parameters)
    except (TypeError, ValueError) as error:  # YAML has values that JSON lacks, such as dates
        refusals = [f"a value can't be sent to ECS: {error}"]
    findings = [AnalyzedFinding(_PROBLEM, file, refusal) for refusal in refusals]
    for member in checks.unknown_ecs_members(operation, parameters):
        message = f"{member}: AWS's API has no such member; SDKs and the AWS CLI refuse it, and moyai ignores it"
        findings.append(AnalyzedFinding(_WARNING, file, message))
    return findings, [DocumentRequest(file, "", _ECS, operation, parameters)]


def _check(draft: DocumentRequest, checks: Checks) -> tuple[list[AnalyzedFinding], DocumentRequest]:
    """The findings about a resource's request, and the request with the model's names and types."""
    if not checks.has_service(draft.service):
        return [], draft
    try:
        members = checks.fit_members(draft.service, draft.operation, draft.members)
    except ValueError as error:
        return [AnalyzedFinding(_PROBLEM, draft.file, str(error), draft.resource)], draft
    refused = checks.refusals(draft.service, draft.operation, members, draft.unknown)
    findings = [AnalyzedFinding(_PROBLEM, draft.file, reason, draft.resource) for reason in refused]
    return findings, draft._replace(members=members)


def _rule_findings(
    request: DocumentRequest, definitions: Sequence[DocumentRequest], checks: Checks
) -> Iterator[AnalyzedFinding]:
    """A problem for each rule of its operation that a request breaks, with its task definition if there is a document
    of that; and which rules are not checked.
    """
    if request.service != _ECS or request.operation not in _OPERATIONS.values():
        return
    definition = _definition_of(request, definitions)
    members, of_definition = (None if r is None else _completed_members(r, checks) for r in (request, definition))
    if members is None:
        message = f"the rules of {request.operation}, because a value that they need is not known yet"
        yield AnalyzedFinding(_UNCHECKED, request.file, message, request.resource)
        return
    if definition is None and "taskdefinition" in request.unknown:
        message = "the rules that also concern the task definition, because the service refers to none directly"
        yield AnalyzedFinding(_UNCHECKED, request.file, message, request.resource)
    for reason in checks.broken_rules(request.operation, members, of_definition):
        yield AnalyzedFinding(_PROBLEM, request.file, reason, request.resource)


def _definition_of(service: DocumentRequest, definitions: Sequence[DocumentRequest]) -> DocumentRequest | None:
    """The task definition among the documents that a service names; None if several of its installation have the name,
    or if it names a revision, which may be an earlier one than the document's.
    """
    in_installation = [d for d in definitions if _installation(d) == _installation(service)]
    if service.definition:
        return next((d for d in in_installation if d.resource == service.definition), None)
    named = service.members.get("taskDefinition")
    candidates = [d for d in in_installation if d.members.get("family") == named]
    in_directory = [d for d in candidates if Path(d.file).parent == Path(service.file).parent]
    choice = in_directory or candidates
    return choice[0] if len(choice) == 1 else None


def _installation(request: DocumentRequest) -> str:
    """The file whose resources are applied together; nothing for documents of ECS."""
    return request.file if request.resource else ""  # a template's parts may also be documents of ECS


def _completed_members(request: DocumentRequest, checks: Checks) -> Mapping[str, Any] | None:
    return with_stand_ins(request.members, request.unknown, checks.input_shape(request.service, request.operation))


def _platform_findings(request: DocumentRequest, processor: str) -> Iterator[AnalyzedFinding]:
    """A warning about a processor that this machine does not have."""
    platform = request.members.get("runtimePlatform")
    wanted = platform.get("cpuArchitecture") if isinstance(platform, dict) else None
    if isinstance(wanted, str) and wanted in _PROCESSORS and _PROCESSORS[wanted] != processor:
        message = (
            f"runtimePlatform.cpuArchitecture: this machine is not {wanted}; its tasks stop unless there is an emulator"
            " (qemu-user-static)"
        )
        yield AnalyzedFinding(_WARNING, request.file, message, request.resource)


def _request_findings(request: DocumentRequest, rows: Mapping[str, ParityRow]) -> Iterator[AnalyzedFinding]:
    for container in _objects(request.members, "containerDefinitions"):
        yield from _health_check_findings(request, container)
    for difference in differences(request, rows):
        yield AnalyzedFinding(_DIFFERENCE, request.file, difference, request.resource)


def _health_check_findings(request: DocumentRequest, container: Mapping[str, Any]) -> Iterator[AnalyzedFinding]:
    """A warning about each port that a health check calls and the container does not map."""
    check, name = container.get("healthCheck"), container.get("name", "")
    command = check.get("command") if isinstance(check, dict) else None
    if not isinstance(command, list):
        return
    if request.unknown & {"portmappings", "containerport"}:
        return
    mapped = {str(mapping.get("containerPort")) for mapping in _objects(container, "portMappings")}
    for port in sorted(asked_ports([str(word) for word in command]) - mapped):
        message = f"{name}: the health check asks port {port}, which no portMapping has"
        yield AnalyzedFinding(_WARNING, request.file, message, request.resource)


def _alias_findings(requests: Sequence[DocumentRequest]) -> Iterator[AnalyzedFinding]:
    """A problem for each name that two services of a namespace offer at one port: callers reach only one of them."""
    owners: dict[tuple[str, ...], str] = {}
    for request in _services(requests):
        service = _service_name(request)
        for namespace, name, port in _offered_names(request):
            key = (_installation(request), namespace, name.lower(), port)
            owner = owners.setdefault(key, service)
            if owner != service:
                message = f"{name}:{port} is a clientAlias of {owner}, too: give one of them another dnsName"
                yield AnalyzedFinding(_PROBLEM, request.file, message, request.resource)


def _offered_names(request: DocumentRequest) -> Iterator[tuple[str, str, str]]:
    """The namespace, name and port of each alias of a service for which the document has all three."""
    connect = request.members.get("serviceConnectConfiguration")
    if not isinstance(connect, dict) or "namespace" in request.unknown:
        return
    for offer in _objects(connect, "services"):
        for alias in _objects(offer, "clientAliases"):
            name = alias.get("dnsName")
            if not name and not request.unknown & {"dnsname", "discoveryname", "portname"}:
                name = offer.get("discoveryName") or offer.get("portName")
            if name and not ("port" in request.unknown and "port" not in alias):
                yield str(connect.get("namespace", "")), str(name), str(alias.get("port", 0))


def _services(requests: Sequence[DocumentRequest]) -> Iterator[DocumentRequest]:
    return (r for r in requests if _is_ecs(r, DocumentKind.SERVICE))


def _is_ecs(request: DocumentRequest, kind: DocumentKind) -> bool:
    return request.service == _ECS and request.operation == _OPERATIONS[kind]


def _service_name(request: DocumentRequest) -> str:
    return str(request.members.get("serviceName") or request.resource)


def _objects(content: object, member: str) -> list[Mapping[str, Any]]:
    """The objects in a member that should be a list of objects; none if ``content`` is no object."""
    items = content.get(member) if isinstance(content, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
