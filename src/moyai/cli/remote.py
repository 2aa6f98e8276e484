"""The client of a running server: the AWS APIs, and ``/_moyai`` for what AWS has no API for (logs, reset, doctor, …).

The AWS APIs are called by botocore, or directly for ``moyai status``, ``logs`` and ``exec``: a botocore client first
reads the model of its service, which takes longer than these commands need.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from moyai.cli.credentials import load_credentials, new_session
from moyai.cli.errors import Unreachable, message_of, not_moyai
from moyai.cli.json_lines import json_lines

if TYPE_CHECKING:  # imported when the first request is sent
    from http.client import HTTPResponse
    from xml.etree.ElementTree import Element

_JSON_TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "acm": "CertificateManager",
        "ecs": "AmazonEC2ContainerServiceV20141113",
        "servicediscovery": "Route53AutoNaming_v20170314",
    }
)
"""The prefix of the operation in the header X-Amz-Target, by service."""
_TIMEOUT = 30.0
_PLACEHOLDER = "moyai"
_SERVICE = "moyai"
"""The service name in the signatures of requests to ``/_moyai``."""


class LogSelection(NamedTuple):
    """A selection of a container's lines: those since a time, in seconds since 1970, and of these the last ``tail``."""

    since: float | None = None
    tail: int | None = None


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

        session = new_session()
        if self.own_credentials or session.get_credentials() is None:
            session.set_credentials(_PLACEHOLDER, _PLACEHOLDER)
        config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, inject_host_prefix=False)
        try:
            return session.create_client(service, region_name=self.region, endpoint_url=self.url, config=config)
        except ValueError as error:  # botocore accepts no host name with an underscore
            raise Unreachable(str(error)) from error

    def call(self, service: str, operation: str, **parameters: object) -> Mapping[str, Any]:
        """Call an operation of a service with JSON. Raises Unreachable with AWS's error code and message."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_JSON_TARGETS[service]}.{operation}",
        }
        with self._send("POST", "/", json.dumps(parameters), service=service, headers=headers) as response:
            answer: Mapping[str, Any] = self._parse(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            code = str(answer.get("__type", response.status)).rpartition("#")[2]
            raise Unreachable(f"{code}: {answer.get('message', answer.get('Message', ''))}")
        return answer

    def pages(self, service: str, operation: str, member: str, **parameters: object) -> Iterator[Any]:
        """The items of a member of all pages of a list operation of ECS or Cloud Map."""
        token_name = "nextToken" if service == "ecs" else "NextToken"
        while True:
            page = self.call(service, operation, **parameters)
            if member not in page:
                raise Unreachable(not_moyai(self.url))
            yield from page[member]
            if not page.get(token_name):
                return
            parameters[token_name] = page[token_name]

    def public_addresses(self) -> Mapping[str, str]:
        """The public IP address of each network interface that has one, by EC2's DescribeNetworkInterfaces."""
        return {item.findtext("{*}networkInterfaceId", ""): address for item, address in self._public_interfaces()}

    def public_addresses_by_description(self) -> Mapping[str, list[str]]:
        """The public IP addresses of network interfaces by the description, which those of load balancers have."""
        addresses: dict[str, list[str]] = {}
        for item, address in self._public_interfaces():
            addresses.setdefault(item.findtext("{*}description", ""), []).append(address)
        return addresses

    def _public_interfaces(self) -> Iterator[tuple[Element, str]]:
        token: str | None = ""
        while token is not None:
            more = {"NextToken": token} if token else {}
            page = self.query("ec2", "2016-11-15", "DescribeNetworkInterfaces", **more)
            for item in page.iterfind("{*}networkInterfaceSet/{*}item"):
                address = item.findtext("{*}association/{*}publicIp")
                if address:
                    yield item, address
            token = page.findtext("{*}nextToken") or None

    def query(self, service: str, version: str, action: str, **parameters: str) -> Element:
        """The answer to an action of a service with one of AWS's XML protocols. Raises Unreachable."""
        from xml.etree import ElementTree as ET

        body = urlencode({"Action": action, "Version": version, **parameters})
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        with self._send("POST", "/", body, service=service, headers=headers) as response:
            try:
                page = ET.fromstring(response.read())  # noqa: S314 (the user's own server)
            except ET.ParseError as error:
                raise Unreachable(not_moyai(self.url)) from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise Unreachable(f"{page.findtext('.//{*}Code')}: {page.findtext('.//{*}Message')}")
        return page

    def health(self) -> Mapping[str, Any]:
        """The answer of ``GET /_moyai/health``, also of a server that is not healthy (503)."""
        answer: Mapping[str, Any] = self._json("GET", "/_moyai/health", allowed=(HTTPStatus.SERVICE_UNAVAILABLE,))
        return answer

    def read(self, path: str, **query: object) -> Mapping[str, Any]:
        """The answer of a path below ``/_moyai/``. Members of the query that are None are left out."""
        answer: Mapping[str, Any] = self._json("GET", f"/_moyai/{path}{_query(query)}")
        return answer

    def lines(self, path: str, *, endless: bool, **query: object) -> Iterator[Mapping[str, Any]]:
        """The lines of a path below ``/_moyai/``, each a JSON object, as they arrive. ``endless``: wait without
        time limit. Raises Unreachable, also when the answer ends in the middle.
        """
        timeout = None if endless else _TIMEOUT
        with self._request("GET", f"/_moyai/{path}{_query(query)}", timeout=timeout) as response:
            yield from json_lines(response, self.url)

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

    def logs(self, task: str, container: str, selection: LogSelection, *, follow: bool) -> Iterator[Mapping[str, Any]]:
        """The selected lines of a container's output, one mapping per line."""
        query = {"task": task, "container": container, "follow": str(follow).lower(), **selection._asdict()}
        return self.lines("logs", endless=follow, **query)

    def execute(self, request: Mapping[str, object]) -> Mapping[str, str] | None:
        """Start a session by ``POST /_moyai/execute``; None from a server with access keys, which has no such path."""
        path = "/_moyai/execute"
        with self._send("POST", path, json.dumps(request)) as response:
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
        with self._request(method, path, body=body, allowed_statuses=allowed) as response:
            return self._parse(response)

    def _parse(self, response: HTTPResponse) -> Any:  # noqa: ANN401 (JSON)
        from http.client import HTTPException

        try:
            return json.loads(response.read())
        except (ValueError, HTTPException) as error:
            raise Unreachable(not_moyai(self.url)) from error

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        timeout: float | None = _TIMEOUT,
        allowed_statuses: Collection[int] = (),
    ) -> HTTPResponse:
        response = self._send(method, path, body, timeout=timeout)
        if response.status >= HTTPStatus.BAD_REQUEST and response.status not in allowed_statuses:
            raise Unreachable(f"{self.url}{path} answered {response.status}: {message_of(response.read(2000))}")
        return response

    def _send(
        self,
        method: str,
        path: str,
        body: str | bytes | None,
        *,
        timeout: float | None = _TIMEOUT,
        service: str = _SERVICE,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> HTTPResponse:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(parts.hostname or "127.0.0.1", parts.port or (443 if secure else 80), timeout=timeout)
        try:
            signed = self._sign(method, path, body, service, headers)
            connection.request(method, path, body, signed | {"Connection": "close"})
            return connection.getresponse()
        except OSError as error:
            raise Unreachable(f"no moyai server answers at {self.url} ({error}); start it with `moyai up`") from error
        except HTTPException as error:
            connection.close()
            raise Unreachable(not_moyai(self.url)) from error

    def _sign(
        self, method: str, path: str, body: str | bytes | None, service: str, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """The headers with a SigV4 signature. A server without access keys only reads account and region from it. It
        reads nothing from signatures for ``/_moyai``, which are therefore made only if there are credentials.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        if self._credentials is None and service == _SERVICE:
            return dict(headers)
        request = AWSRequest(method, self.url.rstrip("/") + path, dict(headers), body)
        credentials = self._credentials or Credentials(_PLACEHOLDER, _PLACEHOLDER)
        SigV4Auth(credentials, service, self.region).add_auth(request)
        return dict(request.headers)

    @cached_property
    def _credentials(self) -> Any:  # noqa: ANN401 (botocore has no types of its own)
        return None if self.own_credentials else load_credentials()


def _query(members: Mapping[str, object]) -> str:
    members = {name: value for name, value in members.items() if value is not None}
    return f"?{urlencode(members)}" if members else ""


def pages(client: Any, operation: str, result: str, **kwargs: object) -> Iterator[Any]:  # noqa: ANN401
    """The items of all pages of a listing. Raises Unreachable when the server is not moyai."""
    from botocore.parsers import ResponseParserError

    try:
        for page in client.get_paginator(operation).paginate(**kwargs):
            yield from page[result]
    except (ResponseParserError, KeyError) as error:
        raise Unreachable(not_moyai(client.meta.endpoint_url)) from error
