"""The mesh of some time, from the APIs of CloudWatch, ECS and Cloud Map."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from moyai.cli.mesh.figures import read_figures
from moyai.cli.mesh.join import joined
from moyai.cli.mesh.services import read_services
from moyai.cli.mesh.values import Mesh, Span, Wanted
from moyai.cli.remote import Remote

ANY = Wanted()


class Reader:
    """Reads over clients that are made once."""

    def __init__(self, remote: Remote, wanted: Wanted = ANY) -> None:
        self._remote, self._wanted = remote, wanted

    def read(self, span: Span) -> Mesh:
        """The wanted edges with traffic in the span."""
        services = read_services(self._ecs, self._servicediscovery)
        return joined(read_figures(self._cloudwatch, span), services, span, self._wanted)

    @cached_property
    def _cloudwatch(self) -> Any:  # noqa: ANN401 (botocore makes its clients' classes at run time)
        return self._remote.client("cloudwatch")

    @cached_property
    def _ecs(self) -> Any:  # noqa: ANN401
        return self._remote.client("ecs")

    @cached_property
    def _servicediscovery(self) -> Any:  # noqa: ANN401
        return self._remote.client("servicediscovery")
