"""``moyai demo``: run the example, break things under traffic, and count the requests that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EXAMPLE = Path(__file__).with_name("example")
"""The path of the example in a wheel; scripts/build_hook.py puts it there."""
_IN_REPOSITORY = Path(__file__).parents[4] / "examples" / "shop"


def example_folder() -> Path:
    """The example application: of the installed package, or of the repository that this runs from."""
    return _EXAMPLE if _EXAMPLE.is_dir() else _IN_REPOSITORY


def demo(
    app: Annotated[
        Path | None,
        typer.Option(
            help="Directory with the application; the packaged example by default.", exists=True, file_okay=False
        ),
    ] = None,
    images: Annotated[
        bool,
        typer.Option(
            "--images",
            help="Build an image with everything that the services need, push it to moyai's ECR and run it, instead of "
            "laying the services over this machine's root. Needs no container engine.",
        ),
    ] = False,
    load_balancer: Annotated[
        bool,
        typer.Option(
            "--load-balancer",
            help="Put the shop behind an application load balancer with HTTPS, and open it as https://shop.localhost.",
        ),
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running and print how to use it.")] = False,
) -> None:
    """Run the example, change it under traffic, count failures. Four services in two clusters; needs root."""
    from moyai.cli.demo.run import run_demo
    from moyai.cli.demo.server import interruptible

    with interruptible():
        if run_demo(app or example_folder(), has_own_image=images, has_load_balancer=load_balancer, keep=keep):
            raise typer.Exit(1)
