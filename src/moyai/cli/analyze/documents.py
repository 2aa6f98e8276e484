"""Reads task definitions, services and CloudFormation templates from files.

Promise: a file has at most a mebibyte, and at most a thousand are read. A document is no deeper than a hundred levels
and has at most a hundred thousand values, counted as often as YAML's aliases repeat them. What is none of the three
kinds is skipped in a directory, and refused where it was named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from moyai.kernel.errors import MoyaiError

_LARGEST: Final = 1024 * 1024
_MOST_FILES: Final = 1000
_DEEPEST: Final = 100
_MOST_VALUES: Final = 100_000
_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml", ".template"})


class UnreadableDocument(MoyaiError):
    """A file is too large, is neither JSON nor YAML, or is not a document of ECS or CloudFormation."""


class DocumentKind(StrEnum):
    """The type of a document."""

    TASK_DEFINITION = "task definition"
    SERVICE = "service"
    TEMPLATE = "CloudFormation template"


class Document(NamedTuple):
    """A document, and the file that it is in."""

    path: Path
    kind: DocumentKind
    content: Mapping[str, Any]


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
        raw = stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise UnreadableDocument(f"{path} has more than {_LARGEST} bytes")
    content = _parsed_content(path, raw)
    _check_size(path, content)
    kind = _kind(content)
    if kind is None or not isinstance(content, dict):
        if is_named:
            raise UnreadableDocument(f"{path} is neither a task definition, a service nor a CloudFormation template")
        return None
    wrapped = content.get("taskDefinition") if kind is DocumentKind.TASK_DEFINITION else None
    return Document(path, kind, wrapped if isinstance(wrapped, dict) else content)


def _parsed_content(path: Path, raw: bytes) -> object:
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise UnreadableDocument(f"{path} has more than {_DEEPEST} levels") from error
    except ValueError:
        pass
    from moyai.cli.analyze.yaml_tags import load_yaml

    try:
        return load_yaml(raw)
    except ValueError as error:
        raise UnreadableDocument(f"{path} is neither JSON nor YAML: {' '.join(str(error).split())[:300]}") from error


def _check_size(path: Path, content: object) -> None:
    """Raises UnreadableDocument for a document that is too deep, as one that contains itself, or too large."""
    waiting, count = [(content, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(parts)
        if depth > _DEEPEST:
            raise UnreadableDocument(f"{path} has more than {_DEEPEST} levels, or contains itself")
        if count > _MOST_VALUES:
            raise UnreadableDocument(f"{path} has more than {_MOST_VALUES} values")
        waiting.extend((part, depth + 1) for part in parts)


def _kind(content: object) -> DocumentKind | None:
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("Resources"), dict):
        return DocumentKind.TEMPLATE
    if "containerDefinitions" in content or isinstance(content.get("taskDefinition"), dict):
        return DocumentKind.TASK_DEFINITION
    return DocumentKind.SERVICE if "serviceName" in content else None
