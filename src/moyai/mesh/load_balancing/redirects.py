"""Redirect actions. The protocol and the port are the listener's where the action has no other.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
"""

from __future__ import annotations

from typing import Final

from moyai.domain.elb.rule import Listener, RedirectAction
from moyai.mesh.ir import Redirect

_HOST, _PATH, _QUERY = "#{host}", "#{path}", "#{query}"
_SAME_PATH: Final = f"/{_PATH}"


def redirect(action: RedirectAction, listener: Listener) -> Redirect:
    """The redirect of a listener's rule."""
    scheme = _fill(action.protocol, listener).lower()
    port = _fill(action.port, listener)
    return Redirect(
        status=action.status,
        scheme=scheme,
        port=int(port),
        host=None if action.host == _HOST else _fill(action.host, listener),
        path=None if action.path == _SAME_PATH else _fill(action.path, listener),
        query=None if action.query == _QUERY else _fill(action.query, listener),
    )


def _fill(text: str, listener: Listener) -> str:
    """The text with what is known of every request to the listener."""
    return text.replace("#{protocol}", listener.protocol).replace("#{port}", str(listener.port))
