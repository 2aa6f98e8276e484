"""Parses ``valueFrom``, the source of a container's secret.

Promise: it is a name or an ARN of Parameter Store, or an ARN of Secrets Manager, which may be followed by the key of a
JSON value, the label and the version (``arn:json-key:version-stage:version-id``, each possibly empty).
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moyai.domain.secretsmanager.secret import CURRENT
from moyai.domain.ssm.parameter import ParameterReference, parse_parameter_reference
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.scope import Scope

_PLAIN: Final = 2
_WITH_SELECTION: Final = 5


class SecretReference(NamedTuple):
    """A value in Secrets Manager. ``json_key`` empty = the whole value; ``version`` empty = the one with ``stage``."""

    arn: str
    json_key: str = ""
    stage: str = CURRENT
    version: str = ""


Reference = ParameterReference | SecretReference


def parse(value_from: str, scope: Scope) -> Reference | None:
    """Parse ``valueFrom`` for a task of this scope; None for malformed text."""
    arn = parse_arn(value_from)
    if arn is not None and arn.service == "secretsmanager":
        return _secret(arn)
    return parse_parameter_reference(scope, value_from)


def _secret(arn: Arn) -> SecretReference | None:
    parts = arn.resource.split(":")
    if parts[0] != "secret" or len(parts) not in {_PLAIN, _WITH_SELECTION} or not parts[1]:
        return None
    secret_arn = str(arn._replace(resource=":".join(parts[:_PLAIN])))
    if len(parts) == _PLAIN:
        return SecretReference(secret_arn)
    json_key, stage, version = parts[_PLAIN:]
    return SecretReference(secret_arn, json_key, stage or ("" if version else CURRENT), version)
