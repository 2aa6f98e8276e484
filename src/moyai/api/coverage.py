"""The coverage of the AWS APIs: a decision for each operation and input member, and a page of them.

Promise: the page is made from the service models and the operations' own request types, so it is never stale. A
member of an implemented operation that is neither used nor refused on purpose is ``undecided``, which
the contract tests do not allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from botocore.model import ServiceModel

from moyai.api.operation import ApiService
from moyai.api.wire.accept import Acceptor, Decision, Refusals

_HEAD = """\
# Coverage

Made by `moyai` from the AWS service models and its own request types; do not edit.

Every input member of an implemented operation **works** or is **refused**: a request that sets a refused member gets
an error that names the member. An operation that is **always refused** returns one of AWS's errors in every case, also
for a dry run. An operation under **not yet** is not implemented: it returns an error that names the operation. A member
that the bundled AWS model lacks is ignored, and the header `x-moyai-ignored-members` names it; EC2 refuses it.
"""


def decisions(service: ApiService, model: ServiceModel) -> Iterator[Decision]:
    """The decision on each input member of the implemented operations, in the models' order."""
    refusals = Refusals(service.refused)
    for name in model.operation_names:
        operation = service.operations.get(name)
        if operation is not None:
            yield from Acceptor(model.operation_model(name), operation.request, refusals).decisions()


def idle_refusals(service: ApiService, model: ServiceModel) -> list[str]:
    """Refusals without effect: the path is misspelt, or the member works by now."""
    effective: set[str] = set()
    for decision in decisions(service, model):
        if decision.status == "refused":
            effective |= {f"{decision.operation}.{decision.member}", f"*.{decision.member}"}
    return sorted(set(service.refused) - effective)


def render_coverage(services: Iterable[ApiService], models: Mapping[str, ServiceModel]) -> str:
    """The page ``docs/reference/coverage.md`` as Markdown text."""
    by_name = {service.name: service for service in services}
    parts = [_HEAD, _summary(by_name, models)]
    parts += [_section(by_name.get(name, ApiService(name)), model) for name, model in models.items()]
    return "\n".join(parts)


def _summary(by_name: Mapping[str, ApiService], models: Mapping[str, ServiceModel]) -> str:
    lines = ["| service | operations implemented | not yet |", "|---|--:|--:|"]
    for name, model in models.items():
        implemented = len(by_name[name].operations) if name in by_name else 0
        lines.append(
            f"| [{model.service_id}](#{_anchor(model)}) | {implemented} | {len(model.operation_names) - implemented} |"
        )
    return "\n".join(lines) + "\n"


def _section(service: ApiService, model: ServiceModel) -> str:
    lines = [f"## {model.service_id}", ""]
    by_operation: dict[str, list[Decision]] = {name: [] for name in sorted(service.operations)}
    for decision in decisions(service, model):
        by_operation[decision.operation].append(decision)
    if by_operation:
        lines += ["| operation | input member | |", "|---|---|---|"]
    for name, members in by_operation.items():
        reason = service.operations[name].always_refused
        lines.append(f"| **{name}** | | {f'always refused: {reason}' if reason else 'works'} |")
        lines += [] if reason else [f"| | `{member.member}` | {_status_text(member)} |" for member in members]
    absent = [name for name in model.operation_names if name not in service.operations]
    if absent:
        lines += ["", f"Not yet: {', '.join(absent)}."]
    if service.instead:
        lines += ["", "| operation that is not implemented | instead |", "|---|---|"]
        lines += [f"| {name} | {instead} |" for name, instead in sorted(service.instead.items())]
    return "\n".join(lines) + "\n"


def _status_text(decision: Decision) -> str:
    return f"{decision.status}: {decision.reason}" if decision.reason else decision.status


def _anchor(model: ServiceModel) -> str:
    return str(model.service_id).lower().replace(" ", "-")
