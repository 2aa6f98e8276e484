"""The checks of documents, each by itself and all together. Pure but for the checks of ECS's API, which are passed in.

Promise: a finding says in which file, what is wrong and what to do. A problem fails here; a warning may be intended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from moyai.cli.analyze.documents import Document, DocumentKind

_PROBLEM, _WARNING = "problem", "warning"
_OPERATIONS: Final = MappingProxyType(
    {DocumentKind.TASK_DEFINITION: "RegisterTaskDefinition", DocumentKind.SERVICE: "CreateService"}
)
_RETURNED_ONLY: Final = frozenset(
    {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"}
    | {"deregisteredAt", "deleteRequestedAt"}
)
"""Members that DescribeTaskDefinition adds."""
_LOCAL_PORT: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})")
_FORMS: Final = frozenset({"CMD", "CMD-SHELL", "NONE"})


class AnalyzedFinding(NamedTuple):
    """A finding, and the file that it is about."""

    severity: str
    file: str
    message: str


class Checks(Protocol):
    """The checks of ECS's API and of CloudFormation's types."""

    def refusal(self, operation: str, parameters: Mapping[str, Any]) -> str | None:
        """Why a request is refused."""

    def is_resource_type(self, name: str) -> bool:
        """Whether a stack may have such a resource."""


def analyze_documents(documents: Sequence[Document], checks: Checks) -> list[AnalyzedFinding]:
    """All findings, in the order of the files."""
    findings = [finding for document in documents for finding in _of_document(document, checks)]
    return [*findings, *_of_aliases(documents), *_of_port_names(documents)]


def _of_document(document: Document, checks: Checks) -> Iterator[AnalyzedFinding]:
    file = str(document.path)
    if document.kind is DocumentKind.TEMPLATE:
        for name, resource in document.content["Resources"].items():
            kind = resource.get("Type", "") if isinstance(resource, dict) else ""
            if not checks.is_resource_type(str(kind)):
                yield AnalyzedFinding(_PROBLEM, file, f"{name}: the type {kind} is not supported by moyai")
        return
    parameters = {name: value for name, value in document.content.items() if name not in _RETURNED_ONLY}
    try:
        refusal = checks.refusal(_OPERATIONS[document.kind], parameters)
    except (TypeError, ValueError) as error:  # YAML has values that JSON lacks, such as dates
        refusal = f"a value can't be sent to ECS: {error}"
    if refusal is not None:
        yield AnalyzedFinding(_PROBLEM, file, refusal)
    for container in _objects(parameters, "containerDefinitions"):
        yield from _of_health_check(file, container)


def _of_health_check(file: str, container: Mapping[str, Any]) -> Iterator[AnalyzedFinding]:
    """A health check that cannot pass, or that looks at a port that the container does not map."""
    check, name = container.get("healthCheck"), container.get("name", "")
    command = check.get("command") if isinstance(check, dict) else None
    if not isinstance(command, list) or not command:
        return
    words = [str(word) for word in command]
    if words[0] not in _FORMS:
        message = f"{name}: the health check begins with {words[0]!r}, and must begin with CMD or CMD-SHELL"
        yield AnalyzedFinding(_PROBLEM, file, message)
    elif words[0] != "NONE" and len(words) == 1:
        yield AnalyzedFinding(_PROBLEM, file, f"{name}: the health check has no command after {words[0]}, so it fails")
    mapped = {str(mapping.get("containerPort")) for mapping in _objects(container, "portMappings")}
    for port in sorted(set(_LOCAL_PORT.findall(" ".join(words[1:]))) - mapped):
        yield AnalyzedFinding(_WARNING, file, f"{name}: the health check asks port {port}, which no portMapping has")


def _of_aliases(documents: Sequence[Document]) -> Iterator[AnalyzedFinding]:
    """Names that two services of a namespace offer at one port: callers reach only one of them."""
    owners: dict[tuple[str, str, str], str] = {}
    for document in _services(documents):
        connect = document.content.get("serviceConnectConfiguration")
        for offer in _objects(connect, "services"):
            for alias in _objects(offer, "clientAliases"):
                name = str(alias.get("dnsName") or offer.get("discoveryName") or offer.get("portName"))
                namespace = connect.get("namespace", "") if isinstance(connect, dict) else ""
                key = (str(namespace), name.lower(), str(alias.get("port", 0)))
                owner = owners.setdefault(key, str(document.content["serviceName"]))
                if owner != str(document.content["serviceName"]):
                    message = f"{name}:{key[2]} is a clientAlias of {owner}, too: give one of them another dnsName"
                    yield AnalyzedFinding(_PROBLEM, str(document.path), message)


def _of_port_names(documents: Sequence[Document]) -> Iterator[AnalyzedFinding]:
    """Offers of a port whose name the task definition, if it is among the documents, does not have."""
    definitions = {str(d.content.get("family")): d for d in documents if d.kind is DocumentKind.TASK_DEFINITION}
    for document in _services(documents):
        family = str(document.content.get("taskDefinition", "")).rpartition("/")[2].partition(":")[0]
        definition = definitions.get(family)
        if definition is None:
            continue
        containers = _objects(definition.content, "containerDefinitions")
        names = {
            str(mapping.get("name")) for container in containers for mapping in _objects(container, "portMappings")
        }
        for offer in _objects(document.content.get("serviceConnectConfiguration"), "services"):
            if str(offer.get("portName")) not in names:
                message = f"portName {offer.get('portName')} is not the name of a portMapping of {family}"
                yield AnalyzedFinding(_PROBLEM, str(document.path), message)


def _services(documents: Sequence[Document]) -> Iterator[Document]:
    return (document for document in documents if document.kind is DocumentKind.SERVICE)


def _objects(content: object, member: str) -> list[Mapping[str, Any]]:
    """The objects in a member that should be a list of them; none of what is no object itself."""
    items = content.get(member) if isinstance(content, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
