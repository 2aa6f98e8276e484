"""A running moyai, seen from the command line: AWS clients for the public API, and ``/_moyai``.

The commands read what any SDK reads; only what AWS has no API for (logs, reset) has a path of its own.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

_TIMEOUT = 30.0
_SERVICE = "moyai"
"""What requests to ``/_moyai`` are signed for."""


class Unreachable(Exception):
    """No moyai answers there."""


@dataclass(frozen=True)
class Remote:
    """The control plane at ``url``; calls speak for ``region``."""

    url: str
    region: str
    own_credentials: bool = False
    """Use credentials that mean nothing, whatever the caller has."""

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients' classes at run time)
        """A botocore client for one AWS service; credentials as the AWS CLI finds them, else local ones."""
        from botocore.config import Config
        from botocore.session import get_session

        session = get_session()
        if self.own_credentials or session.get_credentials() is None:
            session.set_credentials("moyai", "moyai")
        config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, inject_host_prefix=False)
        try:
            return session.create_client(service, region_name=self.region, endpoint_url=self.url, config=config)
        except ValueError as error:  # a host name with an underscore is none
            raise Unreachable(str(error)) from error

    def health(self) -> Mapping[str, Any]:
        """What ``GET /_moyai/health`` says, also of a moyai that can't keep something."""
        found: Mapping[str, Any] = self._told("GET", "/_moyai/health", allowed=(http.client.SERVICE_UNAVAILABLE,))
        return found

    def doctor(self) -> Mapping[str, Any]:
        """What ``GET /_moyai/doctor`` says."""
        found: Mapping[str, Any] = self._told("GET", "/_moyai/doctor")
        return found

    def configuration(self, of: str) -> Mapping[str, Any]:
        """What ``GET /_moyai/configuration`` says of a task, a virtual node or a virtual gateway."""
        found: Mapping[str, Any] = self._told("GET", f"/_moyai/configuration?{urlencode({'of': of})}")
        return found

    def hooks(self) -> Sequence[Mapping[str, Any]]:
        """What ``GET /_moyai/hooks`` says."""
        found: Sequence[Mapping[str, Any]] = self._told("GET", "/_moyai/hooks")
        return found

    def put_hook(self, name: str, url: str) -> None:
        """Say where a lifecycle hook's function is."""
        with self._request("PUT", "/_moyai/hooks", body=json.dumps({"name": name, "url": url})) as answer:
            answer.read()

    def remove_hook(self, name: str) -> None:
        """Forget where a lifecycle hook's function is."""
        with self._request("DELETE", f"/_moyai/hooks?{urlencode({'name': name})}") as answer:
            answer.read()

    def reset(self) -> None:
        """Stop and forget everything."""
        with self._request("POST", "/_moyai/reset") as answer:
            answer.read()

    def logs(self, task: str, container: str, *, follow: bool) -> Iterator[Mapping[str, Any]]:
        """A container's output, a mapping a line."""
        query = urlencode({"task": task, "container": container, "follow": "true" if follow else "false"})
        with self._request("GET", f"/_moyai/logs?{query}", timeout=None if follow else _TIMEOUT) as answer:
            for line in answer:
                yield json.loads(line)

    def execute(self, wanted: Mapping[str, object]) -> Mapping[str, str] | None:
        """Begin a session, as ``POST /_moyai/execute`` does; None where there is no such path: requests need keys."""
        path = "/_moyai/execute"
        with self._asked("POST", path, json.dumps(wanted)) as answer:
            said = answer.read().decode(errors="replace")
            if answer.status == http.client.NOT_FOUND and f"nothing at {path}" in said:
                return None
            if answer.status >= http.client.BAD_REQUEST:
                raise Unreachable(json.loads(said)["message"])
            begun: Mapping[str, str] = json.loads(said)
            return begun

    def put_file(self, name: str, body: bytes) -> Mapping[str, Any]:
        """Keep a file as ``s3://bucket/key.env``."""
        kept: Mapping[str, Any] = self._told("PUT", f"/_moyai/files?{urlencode({'name': name})}", body)
        return kept

    def files(self) -> Sequence[Mapping[str, Any]]:
        """Which files there are."""
        found: Sequence[Mapping[str, Any]] = self._told("GET", "/_moyai/files")
        return found

    def remove_file(self, name: str) -> None:
        """Delete a file."""
        with self._request("DELETE", f"/_moyai/files?{urlencode({'name': name})}") as answer:
            answer.read()

    def _told(self, method: str, path: str, body: bytes | None = None, allowed: Collection[int] = ()) -> Any:  # noqa: ANN401 (JSON)
        with self._request(method, path, body=body, allowed=allowed) as answer:
            try:
                return json.loads(answer.read())
            except (ValueError, http.client.HTTPException) as error:
                raise Unreachable(_another(self.url)) from error

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        timeout: float | None = _TIMEOUT,
        allowed: Collection[int] = (),
    ) -> http.client.HTTPResponse:
        answer = self._asked(method, path, body, timeout)
        if answer.status >= http.client.BAD_REQUEST and answer.status not in allowed:
            said = " ".join(answer.read(2000).decode(errors="replace").split())
            raise Unreachable(f"{self.url}{path} answered {answer.status}: {said}")
        return answer

    def _asked(
        self, method: str, path: str, body: str | bytes | None, timeout: float | None = _TIMEOUT
    ) -> http.client.HTTPResponse:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "127.0.0.1", parts.port or (443 if secure else 80), timeout=timeout)
        try:
            connection.request(method, path, body, self._signature(method, path, body))
            return connection.getresponse()
        except OSError as error:
            raise Unreachable(f"no moyai answers at {self.url} ({error}); start one with `moyai up`") from error
        except http.client.HTTPException as error:
            connection.close()
            raise Unreachable(_another(self.url)) from error

    def _signature(self, method: str, path: str, body: str | bytes | None) -> dict[str, str]:
        """The headers that say who asks; none where nobody has credentials. A moyai without keys overlooks them."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import get_session

        credentials = None if self.own_credentials else get_session().get_credentials()
        if credentials is None:
            return {}
        request = AWSRequest(method, self.url.rstrip("/") + path, data=body)
        SigV4Auth(credentials, _SERVICE, self.region).add_auth(request)
        return dict(request.headers)


def say(error: BotoCoreError | ClientError) -> str:
    """An AWS error in one line."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return " ".join(f"{found.get('Code', 'error')}: {found.get('Message', '')}".split())
    return f"{error}; start moyai with `moyai up`" if isinstance(error, EndpointConnectionError) else str(error)


def pages(client: Any, operation: str, result: str, **kwargs: object) -> Iterator[Any]:  # noqa: ANN401
    """Every item of a paged listing. Raises Unreachable when what answers speaks another language."""
    from botocore.parsers import ResponseParserError

    try:
        for page in client.get_paginator(operation).paginate(**kwargs):
            yield from page[result]
    except (ResponseParserError, KeyError) as error:
        raise Unreachable(_another(client.meta.endpoint_url)) from error


def _another(url: str) -> str:
    return f"what answers at {url} is no moyai; say where one is with --endpoint"
