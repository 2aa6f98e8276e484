"""Reads task definitions, services, CloudFormation templates and Terraform plans from files.

Promise: a file in YAML has at most a mebibyte, one in JSON 16, and at most a thousand are read. A document is no deeper
than a hundred levels and has at most a million values; in YAML a hundred thousand, counted as often as its aliases
repeat them. A file of another kind is skipped in a directory, and refused if it was named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from moyai.kernel.errors import MoyaiError

_MAX_BYTES: Final = 16 * 1024 * 1024
_LARGEST_YAML: Final = 1024 * 1024
_MOST_FILES: Final = 1000
_DEEPEST: Final = 100
_MOST_VALUES: Final = 1_000_000
_MOST_VALUES_YAML: Final = 100_000
_TEMPLATE: Final = ".template"
_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml", _TEMPLATE})


class UnreadableDocument(MoyaiError):
    """A file is too large, is neither JSON nor YAML, or is not a document of ECS or CloudFormation."""


class DocumentKind(StrEnum):
    """The type of a document."""

    TASK_DEFINITION = "task definition"
    SERVICE = "service"
    TEMPLATE = "CloudFormation template"
    PLAN = "Terraform plan"


class Document(NamedTuple):
    """A document, and the path of its file. ``raw``: the file's bytes."""

    path: Path
    kind: DocumentKind
    content: Mapping[str, Any]
    raw: bytes


def read_documents(paths: Iterable[Path]) -> list[Document]:
    """The documents in these files and below these directories. Raises UnreadableDocument, OSError."""
    documents = []
    for number, (path, is_named) in enumerate(_files(paths)):
        if number >= _MOST_FILES:
            raise UnreadableDocument(f"there are more than {_MOST_FILES} files")
        document = _document(path, is_named=is_named)
        if document is not None:
            documents.append(document)
    return documents


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    for path in paths:
        if path.is_dir():
            yield from ((p, False) for p in sorted(path.rglob("*")) if p.suffix in _SUFFIXES and p.is_file())
        else:
            yield path, True


def _document(path: Path, *, is_named: bool) -> Document | None:
    with path.open("rb") as stream:
        raw = stream.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise UnreadableDocument(f"{path} has more than {_MAX_BYTES} bytes")
    try:
        content = _parsed_content(path, raw)
    except UnreadableDocument:
        if is_named or path.suffix != _TEMPLATE:
            raise
        return None  # templates of other programs have this suffix, too
    kind = _kind(content)
    if kind is None or not isinstance(content, dict):
        if is_named:
            raise UnreadableDocument(f"{path} is none of these: {', '.join(DocumentKind)}")
        return None
    wrapped = content.get("taskDefinition") if kind is DocumentKind.TASK_DEFINITION else None
    return Document(path, kind, wrapped if isinstance(wrapped, dict) else content, raw)


def _parsed_content(path: Path, raw: bytes) -> object:
    most = _MOST_VALUES
    try:
        content: object = json.loads(raw)
    except RecursionError as error:
        raise UnreadableDocument(f"{path} has more than {_DEEPEST} levels") from error
    except ValueError:
        content, most = _yaml_content(path, raw), _MOST_VALUES_YAML
    if not is_bounded(content, most):
        raise UnreadableDocument(f"{path} has more than {_DEEPEST} levels or {most} values, or contains itself")
    return content


def _yaml_content(path: Path, raw: bytes) -> object:
    if len(raw) > _LARGEST_YAML:
        raise UnreadableDocument(f"{path} is no JSON, and has more than {_LARGEST_YAML} bytes")

    try:
        return load_yaml(raw)
    except ValueError as error:
        raise UnreadableDocument(f"{path} is neither JSON nor YAML: {' '.join(str(error).split())[:300]}") from error


def is_bounded(content: object, most: int = _MOST_VALUES) -> bool:
    """Whether a document is neither too deep, as a document that contains itself would be, nor too large."""
    pending, count = [(content, 0)], 0
    while pending:
        value, depth = pending.pop()
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(parts)
        if depth > _DEEPEST or count > most:
            return False
        pending.extend((part, depth + 1) for part in parts)
    return True


def _kind(content: object) -> DocumentKind | None:
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("planned_values"), dict):
        return DocumentKind.PLAN
    if isinstance(content.get("Resources"), dict):
        return DocumentKind.TEMPLATE
    if "containerDefinitions" in content or isinstance(content.get("taskDefinition"), dict):
        return DocumentKind.TASK_DEFINITION
    return DocumentKind.SERVICE if "serviceName" in content else None


def load_yaml(raw: bytes) -> object:
    """The document. Raises ValueError for malformed YAML."""

    class FunctionLoader(yaml.SafeLoader):
        """PyYAML's safe loader with CloudFormation's functions, for which PyYAML needs a class of its own."""

    FunctionLoader.add_multi_constructor("!", _function)
    try:
        return yaml.load(raw, FunctionLoader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 (the three kinds of YAML's nodes)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}
