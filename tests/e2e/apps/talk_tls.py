"""HTTPS from inside a task, with a look at the certificate that is shown."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

PATIENCE = 20


def https(url: str, roots: str = "", headers: dict[str, str] | None = None) -> dict[str, object]:
    """One request over a connection of its own, and the serial number of the certificate. ``roots``: the PEM of whom to
    believe, and then the name has to be right, too; without, anybody is believed.
    """
    context = ssl.create_default_context(cadata=roots or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which asks for more than a test's own certificates have
    if not roots:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    to = urlsplit(url)
    connection = http.client.HTTPSConnection(to.netloc, timeout=PATIENCE, context=context)
    try:
        connection.connect()
        certificate = ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(binary_form=True) or b"")
        connection.request("GET", to.path or "/", headers=headers or {})
        answer = connection.getresponse()
        return {"status": answer.status, "text": answer.read().decode(), "certificate": certificate}
    finally:
        connection.close()
