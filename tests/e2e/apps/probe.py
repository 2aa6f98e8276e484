"""The tests' server inside a task: it sends requests, runs commands, and puts load on other tasks.

usage: python3 -m tests.e2e.apps.probe PORT

POST /ask {"kind": …, …}       one question of ask.py; {"error": class, "said": text} when it failed
POST /run {"command": […]}     a command in this container
POST /load {"callers": […]}    begin; each caller is one of load.py's kinds
GET /load                      the results up to now
DELETE /load                   end, and the results
POST, GET, DELETE /steady      the same with steady.py's load, whose settings are the body
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from typing import Any

import grpc
import httpx

from tests.e2e.apps import ask
from tests.e2e.apps.leaving import leave_on_sigterm
from tests.e2e.apps.load import Load
from tests.e2e.apps.serving import HttpHandler
from tests.e2e.apps.steady import Steady

LOADS: Mapping[str, list[Load | Steady]] = {"/load": [], "/steady": []}
RUN_PATIENCE = 240


def answer_of(question: dict[str, Any]) -> Mapping[str, object]:
    kind = question.pop("kind")
    try:
        return ask.QUESTIONS[kind](**question)
    except (OSError, httpx.HTTPError, grpc.RpcError) as error:
        return {"error": type(error).__name__, "said": str(error)}


def run(order: dict[str, Any]) -> Mapping[str, object]:
    ran = subprocess.run(order["command"], capture_output=True, text=True, timeout=RUN_PATIENCE, check=False)
    return {"code": ran.returncode, "out": ran.stdout, "err": ran.stderr}


def begin(order: dict[str, Any]) -> Mapping[str, object]:
    LOADS["/load"].append(Load(order["callers"], order.get("rate", 20)))
    return LOADS["/load"][-1].results()


def begin_steady(order: dict[str, Any]) -> Mapping[str, object]:
    LOADS["/steady"].append(Steady(**order))
    return LOADS["/steady"][-1].results()


ORDERS: Mapping[str, Callable[[dict[str, Any]], Mapping[str, object]]] = {
    "/ask": answer_of,
    "/run": run,
    "/load": begin,
    "/steady": begin_steady,
}


class Probe(HttpHandler):
    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer(ORDERS[self.path](order))

    def do_GET(self) -> None:
        loads = LOADS[self.path]
        self.answer(loads[-1].results() if loads else {})

    def do_DELETE(self) -> None:
        self.answer(LOADS[self.path].pop().end())

    def answer(self, found: Mapping[str, object]) -> None:
        self.respond(200, json.dumps(found))


if __name__ == "__main__":
    leave_on_sigterm()
    ThreadingHTTPServer(("", int(sys.argv[1])), Probe).serve_forever()
