"""The client of a running server: botocore clients for the AWS APIs, and HTTP requests for ``/_moyai``.

Commands use the AWS APIs wherever there is one; ``/_moyai`` has the rest (logs, reset, doctor, files, hooks).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from moyai.cli.errors import Unreachable

if TYPE_CHECKING:  # imported when the first request is sent
    from http.client import HTTPResponse

_TIMEOUT = 30.0
_SERVICE = "moyai"
"""The service name in the signatures of requests to ``/_moyai``."""


@dataclass(frozen=True)
class Remote:
    """The server at ``url``; its AWS clients are those of ``region``."""

    url: str
    region: str
    own_credentials: bool = False
    """Ignore the caller's credentials and use placeholders, which a server without access keys accepts."""

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients' classes at run time)
        """A botocore client for one AWS service, with the credentials that the AWS CLI would use, or placeholders."""
        from botocore.config import Config
        from botocore.session import get_session

        session = get_session()
        if self.own_credentials or session.get_credentials() is None:
            session.set_credentials("moyai", "moyai")
        config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, inject_host_prefix=False)
        try:
            return session.create_client(service, region_name=self.region, endpoint_url=self.url, config=config)
        except ValueError as error:  # botocore accepts no host name with an underscore
            raise Unreachable(str(error)) from error

    def health(self) -> Mapping[str, Any]:
        """The answer of ``GET /_moyai/health``, also of a server that is not healthy (503)."""
        answer: Mapping[str, Any] = self._json("GET", "/_moyai/health", allowed=(HTTPStatus.SERVICE_UNAVAILABLE,))
        return answer

    def doctor(self) -> Mapping[str, Any]:
        """The answer of ``GET /_moyai/doctor``."""
        answer: Mapping[str, Any] = self._json("GET", "/_moyai/doctor")
        return answer

    def configuration(self, of: str) -> Mapping[str, Any]:
        """The Envoy configuration of a task, a virtual node or a virtual gateway, as a config_dump."""
        answer: Mapping[str, Any] = self._json("GET", f"/_moyai/configuration?{urlencode({'of': of})}")
        return answer

    def hooks(self) -> Sequence[Mapping[str, Any]]:
        """The Lambda functions of lifecycle hooks, each with its URL."""
        answer: Sequence[Mapping[str, Any]] = self._json("GET", "/_moyai/hooks")
        return answer

    def put_hook(self, name: str, url: str) -> None:
        """Set the URL that is called instead of a lifecycle hook's Lambda function."""
        with self._request("PUT", "/_moyai/hooks", body=json.dumps({"name": name, "url": url})) as response:
            response.read()

    def remove_hook(self, name: str) -> None:
        """Remove the URL of a lifecycle hook's Lambda function."""
        with self._request("DELETE", f"/_moyai/hooks?{urlencode({'name': name})}") as response:
            response.read()

    def reset(self) -> None:
        """Stop all tasks and delete all data."""
        with self._request("POST", "/_moyai/reset") as response:
            response.read()

    def logs(self, task: str, container: str, *, follow: bool) -> Iterator[Mapping[str, Any]]:
        """A container's output, one mapping per line."""
        query = urlencode({"task": task, "container": container, "follow": "true" if follow else "false"})
        with self._request("GET", f"/_moyai/logs?{query}", timeout=None if follow else _TIMEOUT) as response:
            for line in response:
                yield json.loads(line)

    def execute(self, wanted: Mapping[str, object]) -> Mapping[str, str] | None:
        """Start a session by ``POST /_moyai/execute``; None from a server with access keys, which has no such path."""
        path = "/_moyai/execute"
        with self._send("POST", path, json.dumps(wanted)) as response:
            text = response.read().decode(errors="replace")
            if response.status == HTTPStatus.NOT_FOUND and f"nothing at {path}" in text:
                return None
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise Unreachable(json.loads(text)["message"])
            session: Mapping[str, str] = json.loads(text)
            return session

    def put_file(self, name: str, body: bytes) -> Mapping[str, Any]:
        """Store a file as ``s3://bucket/key.env``."""
        stored: Mapping[str, Any] = self._json("PUT", f"/_moyai/files?{urlencode({'name': name})}", body)
        return stored

    def files(self) -> Sequence[Mapping[str, Any]]:
        """The stored files: name, size and date of each."""
        answer: Sequence[Mapping[str, Any]] = self._json("GET", "/_moyai/files")
        return answer

    def remove_file(self, name: str) -> None:
        """Delete a stored file."""
        with self._request("DELETE", f"/_moyai/files?{urlencode({'name': name})}") as response:
            response.read()

    def _json(self, method: str, path: str, body: bytes | None = None, allowed: Collection[int] = ()) -> Any:  # noqa: ANN401 (JSON)
        from http.client import HTTPException

        with self._request(method, path, body=body, allowed=allowed) as response:
            try:
                return json.loads(response.read())
            except (ValueError, HTTPException) as error:
                raise Unreachable(_not_moyai(self.url)) from error

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        timeout: float | None = _TIMEOUT,
        allowed: Collection[int] = (),
    ) -> HTTPResponse:
        response = self._send(method, path, body, timeout)
        if response.status >= HTTPStatus.BAD_REQUEST and response.status not in allowed:
            text = " ".join(response.read(2000).decode(errors="replace").split())
            raise Unreachable(f"{self.url}{path} answered {response.status}: {text}")
        return response

    def _send(self, method: str, path: str, body: str | bytes | None, timeout: float | None = _TIMEOUT) -> HTTPResponse:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(parts.hostname or "127.0.0.1", parts.port or (443 if secure else 80), timeout=timeout)
        try:
            connection.request(method, path, body, self._signature(method, path, body))
            return connection.getresponse()
        except OSError as error:
            raise Unreachable(f"no moyai server answers at {self.url} ({error}); start it with `moyai up`") from error
        except HTTPException as error:
            connection.close()
            raise Unreachable(_not_moyai(self.url)) from error

    def _signature(self, method: str, path: str, body: str | bytes | None) -> dict[str, str]:
        """The headers of a SigV4 signature, or none without credentials. A server without access keys ignores them."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import get_session

        credentials = None if self.own_credentials else get_session().get_credentials()
        if credentials is None:
            return {}
        request = AWSRequest(method, self.url.rstrip("/") + path, data=body)
        SigV4Auth(credentials, _SERVICE, self.region).add_auth(request)
        return dict(request.headers)


def pages(client: Any, operation: str, result: str, **kwargs: object) -> Iterator[Any]:  # noqa: ANN401
    """The items of all pages of a listing. Raises Unreachable when the server is not moyai."""
    from botocore.parsers import ResponseParserError

    try:
        for page in client.get_paginator(operation).paginate(**kwargs):
            yield from page[result]
    except (ResponseParserError, KeyError) as error:
        raise Unreachable(_not_moyai(client.meta.endpoint_url)) from error


def _not_moyai(url: str) -> str:
    return f"the server at {url} is not moyai; give the URL of one with --endpoint"
