"""Credentials of Amazon ECR's private registries, from the user's own AWS keys.

Promise: the keys are those of botocore's default chain, as in the AWS CLI. The call goes to AWS even if the
environment redirects AWS's endpoints to moyai. A token is used until shortly before it expires.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
"""

from __future__ import annotations

import asyncio
import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from moyai.images.registry.credentials import Credentials, CredentialsFailed, CredentialSource
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.secret import Secret

_REGISTRY: Final = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)\."
    r"(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_MARGIN: Final = 300.0
"""Seconds before its expiry at which a token stops being used."""
_MAX_TOKENS: Final = 100
_ORIGIN: Final = "the AWS keys of moyai's environment"

Connect = Callable[[str], Any]
"""Makes a client of ECR's API for a region."""


def is_ecr(registry: str) -> bool:
    """Whether the registry is a private one of Amazon ECR: ``ACCOUNT.dkr.ecr.REGION.amazonaws.com``."""
    return _REGISTRY.fullmatch(registry) is not None


class EcrCredentials(CredentialSource):
    """Tokens for ECR's private registries."""

    def __init__(self, clock: Clock, connect: Connect | None = None) -> None:
        self._clock = clock
        self._connect = connect or _connect
        self._tokens: dict[str, Credentials] = {}

    @override
    async def find(self, registry: str) -> Credentials | None:
        match = _REGISTRY.fullmatch(registry)
        if match is None:
            return None
        known = self._tokens.get(registry)
        if known is not None and known.expires is not None and later(self._clock.now(), _MARGIN) < known.expires:
            return known
        credentials = await asyncio.to_thread(self._get, match["account"], match["region"])
        while len(self._tokens) >= _MAX_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[registry] = credentials
        return credentials

    def _get(self, account: str, region: str) -> Credentials:
        try:
            answer = self._connect(region).get_authorization_token(registryIds=[account])
            data = answer["authorizationData"][0]
            username, _, password = b64decode(data["authorizationToken"]).decode().partition(":")
            expires = Instant(data["expiresAt"].timestamp())
        except (BotoCoreError, ClientError) as error:
            raise CredentialsFailed(f"{_ORIGIN} give no token of ECR: {error}") from error
        except (KeyError, IndexError, binascii.Error, UnicodeDecodeError) as error:
            raise CredentialsFailed(f"ECR's answer to {_ORIGIN} has no token") from error
        return Credentials(username, Secret(password), _ORIGIN, expires=expires)


def _connect(region: str) -> Any:  # noqa: ANN401 - botocore makes the class at run time
    # Imported here, in a thread, because most installations never call AWS, and these imports would delay the start.
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import get_session  # noqa: PLC0415

    limits = Config(
        connect_timeout=5,
        read_timeout=15,
        retries={"max_attempts": 2},
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # AWS_ENDPOINT_URL often is moyai's
    )
    return get_session().create_client("ecr", region_name=region, config=limits)
