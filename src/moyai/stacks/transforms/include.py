"""The transform AWS::Include, which inserts parts of a template from files in S3.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-include.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json, parse_text

INCLUDE: Final = "AWS::Include"
MAX_INCLUDED: Final = 1024 * 1024
"""Characters of all included files together."""
_TRANSFORM: Final = "Fn::Transform"


def include_files(document: Mapping[str, Json], files: Mapping[str, str]) -> dict[str, Json]:
    """The document with the members of the included files in place of the transforms, and with AWS::Include among the
    names of its transforms. A member that the document has already stays as it is. ``files``: texts by location.

    Raises TemplateFault, also for a file that includes another one, and for more than MAX_INCLUDED characters.
    """
    locations = list(include_locations(dict(document)))
    if not locations:
        return dict(document)
    if sum(len(files[location]) for location in locations if location in files) > MAX_INCLUDED:
        raise TemplateFault(f"Transform AWS::Include failed with: the files have more than {MAX_INCLUDED} characters.")
    names = document.get("Transform", [])
    others = [name for name in (names if isinstance(names, list) else [names]) if not _is_include(name)]
    return {**_include_members(document, files), "Transform": [*others, INCLUDE]}


def include_locations(document: Json) -> Iterator[str]:
    """The locations of the files that a document includes. Raises TemplateFault for another Fn::Transform."""
    if isinstance(document, dict):
        yield from map(_location, _inclusions(document))
        for member in document.values():
            yield from include_locations(member)
    elif isinstance(document, list):
        for element in document:
            yield from include_locations(element)


def _include(value: Json, files: Mapping[str, str]) -> Json:
    if isinstance(value, list):
        return [_include(element, files) for element in value]
    return _include_members(value, files) if isinstance(value, dict) else value


def _include_members(value: Mapping[str, Json], files: Mapping[str, str]) -> dict[str, Json]:
    inclusions = _inclusions(value)
    transforms = {_TRANSFORM, "Transform"} if inclusions else set()
    members = {name: _include(member, files) for name, member in value.items() if name not in transforms}
    for inclusion in inclusions:
        members = {**_content(_location(inclusion), files), **members}
    return members


def _inclusions(value: Mapping[str, Json]) -> list[Json]:
    """The transforms of an object that include a file."""
    transform = value.get("Transform", [])
    declared = [each for each in (transform if isinstance(transform, list) else [transform]) if _is_include(each)]
    return [*declared, *([value[_TRANSFORM]] if _TRANSFORM in value else ())]


def _is_include(transform: Json) -> bool:
    return isinstance(transform, dict) and transform.get("Name") == INCLUDE


def _content(location: str, files: Mapping[str, str]) -> dict[str, Json]:
    content = parse_text(files.get(location, ""))
    if next(include_locations(content), None) is not None:
        raise TemplateFault(f"Transform AWS::Include failed with: the file {location} includes another one.")
    return content


def _location(transform: Json) -> str:
    match transform:
        case {"Name": "AWS::Include", "Parameters": {"Location": str() as location}}:
            return location
        case {"Name": name} if name != INCLUDE:
            raise TemplateFault(f"No transform named {name} found.")
        case _:
            raise TemplateFault(
                "Transform AWS::Include failed with: the parameter Location must be the URL of a file in S3, without "
                "functions."
            )
