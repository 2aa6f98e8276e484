"""A moyai of the tests' own: a real control plane on a state of its own, its clients, and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.e2e.leftovers import Leftovers

MOYAI = (sys.executable, "-m", "moyai")
AWS = str(Path(sys.executable).with_name("aws"))
ACCOUNT, REGION = "123456789012", "us-east-1"
GRACE = 60


class Installation:
    """``moyai up`` on one state directory, as often as it is started again. Always the same port, once it has one."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.options = options
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    # ------------------------------------------------------------------------------------------ its life

    def up(self) -> str:
        """Start the control plane, wait until it is ready; the URL it says."""
        command = [*MOYAI, "up", "--state", str(self.state), "--port", str(self.port), "--stats-interval", "1"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *self.options], stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:  # it ended instead
            self._wait_for_exit(0)
        assert line.startswith("moyai ready on http://"), f"{line!r}\n{self._log_tail()}"
        url = line.removeprefix("moyai ready on ").strip()
        self.port = int(url.rpartition(":")[2])
        return url

    def kill(self) -> None:
        """End the control plane as a crash does."""
        self._end(signal.SIGKILL, -signal.SIGKILL)

    def terminate(self) -> None:
        """End the control plane as SIGTERM does."""
        self._end(signal.SIGTERM, 0)

    def _end(self, number: signal.Signals, code: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self._wait_for_exit(code)

    def _wait_for_exit(self, code: int) -> None:
        if self.process is None:
            return
        wait = self.process.wait(GRACE)
        assert self.process.stdout is not None
        self.process.stdout.close()  # else it would be, with a warning, in whatever test runs when it is collected
        self.process = None
        assert wait == code, f"ended with {wait}, not {code}\n{self._log_tail()}"

    def _log_tail(self) -> str:
        return self.log.read_text()[-4000:]

    def down(self, *options: str) -> None:
        """``moyai down``, which also ends the control plane if it runs."""
        self.moyai("down", *options, "--state", str(self.state))
        self._wait_for_exit(0)

    def leave(self) -> list[str]:
        """``moyai down --forget``; what is left after it, which should be nothing."""
        leftovers = Leftovers.of(self.state)
        self.down("--forget")
        return leftovers.list_all()

    # --------------------------------------------------------------------------------------- its clients

    def make_key(self) -> tuple[str, str]:
        """A new access key and its secret."""
        document = json.loads(self.moyai("keys", "create", "--json", "--state", str(self.state)))
        return document["AccessKeyId"], document["SecretAccessKey"]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The file with the control plane's log."""
        return self.state.with_name(f"{self.state.name}.log")

    def client(self, service: str, *, region: str = REGION, key: str = "test", secret: str = "test") -> Any:  # noqa: S107 - opens nothing
        """A boto3 client that does not try again: what the server answers is what the test sees."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                retries={"total_max_attempts": 1}, inject_host_prefix=False, connect_timeout=10, read_timeout=60
            ),
        )

    def own(self, method: str, path: str) -> bytes:
        """The body that one of our own paths answers with; it must be a success."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=GRACE)
        try:
            connection.request(method, f"/_moyai/{path}")
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, body
        return body

    def environment(self) -> dict[str, str]:
        """The environment variables of a user of the command line."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": REGION}
        return mine | keys | {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": ""}

    def moyai(self, *arguments: str) -> str:
        """Run a command of ours; what it printed. It must succeed."""
        return self._run([*MOYAI, *arguments])

    def doctor(self) -> list[dict[str, str]]:
        """The findings of ``moyai doctor``; it ends with 1 when there is a problem."""
        command = [*MOYAI, "doctor", "--json"]
        ran = subprocess.run(
            command, capture_output=True, text=True, env=self.environment(), check=False, timeout=GRACE
        )
        findings: list[dict[str, str]] = json.loads(ran.stdout)["findings"]
        assert ran.returncode == any(finding["severity"] == "problem" for finding in findings), ran.stderr
        return findings

    def aws(self, *arguments: str) -> Any:
        """Run the AWS CLI; the JSON it printed, None when it printed nothing. It must succeed."""
        printed = self._run([AWS, "--output", "json", *arguments])
        return json.loads(printed) if printed.strip() else None

    def _run(self, command: list[str]) -> str:
        ran = subprocess.run(
            command, capture_output=True, text=True, env=self.environment(), check=False, timeout=5 * GRACE
        )
        assert ran.returncode == 0, f"{command} ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout
