"""Resolves dynamic references: ``{{resolve:ssm:…}}``, ``{{resolve:ssm-secure:…}}``, ``{{resolve:secretsmanager:…}}``.

Promise: a reference is resolved when its property is sent to the service, and its value is recorded nowhere.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from moyai.stacks.types.procedure import AwsCallFailed, Call, Procedure, ResourceFailed

_REFERENCE: Final = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")
_SECRET: Final = re.compile(
    r"(?P<id>arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)"
    r"(?::SecretString(?::(?P<key>[^:]*)(?::(?P<stage>[^:]*)(?::(?P<version>[^:]*))?)?)?)?"
)


def resolve_references(value: Any, texts: set[str]) -> Procedure[Any]:  # noqa: ANN401 (JSON)
    """The value with every dynamic reference replaced. The replacements are added to ``texts``.

    Raises ResourceFailed for a malformed reference, and AwsCallFailed.
    """
    if isinstance(value, Mapping):
        members = {}
        for name, member in value.items():
            members[name] = yield from resolve_references(member, texts)
        return members
    if isinstance(value, list | tuple):
        return list((yield from resolve_references(dict(enumerate(value)), texts)).values())
    if not isinstance(value, str):
        return value
    text, end = "", 0
    for match in _REFERENCE.finditer(value):
        resolved = yield from _resolve(match[1], match[2])
        texts |= {resolved} - {""}
        text += value[end : match.start()] + resolved
        end = match.end()
    return text + value[end:]


def resolve_available(properties: Mapping[str, Any], texts: set[str]) -> Procedure[dict[str, Any]]:
    """As ``resolve_references``, but a property with a reference that is malformed, or whose parameter or secret does
    not exist any more, is left as it is.
    """
    values = dict(properties)
    for name, value in properties.items():
        try:
            values[name] = yield from resolve_references(value, texts)
        except ResourceFailed:
            continue
        except AwsCallFailed as fault:
            if "NotFound" not in fault.code:
                raise
    return values


def _resolve(service: str, reference: str) -> Procedure[str]:
    if service == "secretsmanager":
        return (yield from _secret(reference))
    answer = yield Call("ssm", "GetParameter", {"Name": reference, "WithDecryption": service == "ssm-secure"})
    return str(answer["Parameter"]["Value"])


def _secret(reference: str) -> Procedure[str]:
    match = _SECRET.fullmatch(reference)
    if match is None:
        raise ResourceFailed(f"The dynamic reference {{{{resolve:secretsmanager:{reference}}}}} is not valid.")
    members = {"SecretId": match["id"]}
    if match["stage"]:
        members["VersionStage"] = match["stage"]
    if match["version"]:
        members["VersionId"] = match["version"]
    text = str((yield Call("secretsmanager", "GetSecretValue", members))["SecretString"])
    if not match["key"]:
        return text
    try:
        return str(json.loads(text)[match["key"]])
    except (ValueError, KeyError, TypeError):
        raise ResourceFailed(
            f"Could not find a value for the key {match['key']} in the secret {match['id']}."
        ) from None
