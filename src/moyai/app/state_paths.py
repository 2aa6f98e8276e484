"""The files of a state directory, and the order in which they are removed."""

from __future__ import annotations

from pathlib import Path

import msgspec


class StatePaths(msgspec.Struct, frozen=True):
    """The files of a state directory."""

    root: Path

    @property
    def database(self) -> Path:
        """The database with the World."""
        return self.root / "moyai.db"

    @property
    def log_events(self) -> Path:
        """The database with the events of CloudWatch Logs."""
        return self.root / "logs.db"

    @property
    def metrics(self) -> Path:
        """The database with metrics."""
        return self.root / "metrics.db"

    @property
    def registry(self) -> Path:
        """The directory with the contents of the registry's images."""
        return self.root / "ecr"

    @property
    def balancer_logs(self) -> Path:
        """The directory with the logs of load balancers, below it one for each bucket."""
        return self.root / "elb-logs"

    @property
    def run(self) -> Path:
        """The directory for sockets and other files that a reboot makes useless."""
        return self.root / "run"

    @property
    def xds_socket(self) -> Path:
        """The socket from which tasks' proxies get their configuration."""
        return self.run / "xds.sock"

    @property
    def statistics_socket(self) -> Path:
        """The socket that tasks' proxies export their statistics to."""
        return self.run / "statistics.sock"

    @property
    def external_socket(self) -> Path:
        """The socket for external proxies, unless another is configured."""
        return self.run / "appmesh.sock"

    @property
    def delegate(self) -> Path:
        """The directory of the server of other AWS services."""
        return self.run / "delegate"

    @property
    def external_keys(self) -> Path:
        """The keys and certificates of the TCP listener for external proxies."""
        return self.root / "appmesh-xds"

    @property
    def external_tokens(self) -> Path:
        """The digests of external proxies' tokens."""
        return self.root / "appmesh-tokens.json"

    @property
    def keys(self) -> Path:
        """The access keys with their secrets, for the API and the console."""
        return self.root / "keys.json"

    @property
    def everything(self) -> tuple[Path, ...]:
        """All files that moyai creates in the directory, in the order of their removal. The database is the last:
        while it exists, an interrupted removal can be continued.
        """
        other_names = (
            "logs",
            "elb-logs",
            "images",
            "images.old",
            "ecr",
            "volumes",
            "efs",
            "lock",
            "logs.db",
            "logs.db-wal",
            "logs.db-shm",
            "metrics.db",
            "metrics.db-wal",
            "metrics.db-shm",
            "metrics.db.unreadable",
            "moyai.db-wal",
            "moyai.db-shm",
        )
        return (
            self.run,
            self.keys,
            self.external_keys,
            self.external_tokens,
            *(self.root / name for name in other_names),
            self.database,
        )
