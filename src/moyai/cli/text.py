"""Lines of output, in which the text of users and of AWS is literal.

A name or a message may contain anything: a line break would forge a line, an escape sequence would control the user's
terminal. Every command prints such text with ``echo`` or through ``printable``; JSON escapes control characters itself.
"""

from __future__ import annotations

import typer


def printable(text: str) -> str:
    """The text with all characters escaped that are not printable: controls, line breaks, changes of text direction."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def echo(*lines: str, err: bool = False) -> None:
    """Print lines, each ``printable``."""
    typer.echo("\n".join(map(printable, lines)), err=err)
