"""A token server for a registry: it signs tokens as the registry's documentation describes them."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from moyai.mesh.ir import Certificate

SERVICE, ISSUER = "registry", "issuer"


class TokenServer(NamedTuple):
    """A server that runs."""

    realm: str
    seen: list[tuple[str, str]]
    """The scope and the Authorization header of each request."""


@contextmanager
def token_server(certificate: Certificate, *, users: dict[str, str], lifetime: int = 300) -> Iterator[TokenServer]:
    """Run a server that gives everybody tokens to pull and push. ``users``: if any, the Authorization headers that it
    accepts, with their names.
    """
    seen: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scope = parse_qs(urlsplit(self.path).query).get("scope", [""])[0]
            authorization = self.headers.get("authorization", "")
            seen.append((scope, authorization))
            if users and authorization not in users:
                self._answer(401, {"details": "incorrect username or password"})
            else:
                token = sign(certificate, users.get(authorization, ""), scope, lifetime)
                self._answer(200, {"token": token, "expires_in": lifetime})

        def _answer(self, status: int, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield TokenServer(f"http://127.0.0.1:{server.server_port}/token", seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sign(certificate: Certificate, user: str, scope: str, lifetime: int) -> str:
    """A JSON web token for a scope: ``repository:NAME:pull``."""
    now = int(time.time())
    access = []
    if scope:
        kind, name, actions = scope.split(":")
        access = [{"type": kind, "name": name, "actions": actions.split(",")}]
    leaf = x509.load_pem_x509_certificates(certificate.chain.encode())[0]
    encoded = base64.b64encode(leaf.public_bytes(serialization.Encoding.DER)).decode()
    header = {"typ": "JWT", "alg": "ES256", "x5c": [encoded]}
    claims = {
        "iss": ISSUER,
        "sub": user,
        "aud": SERVICE,
        "exp": now + lifetime,
        "nbf": now - 60,
        "iat": now,
        "jti": "1",
    }
    text = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps({**claims, 'access': access}).encode())}"
    key = serialization.load_pem_private_key(certificate.private.reveal().encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
