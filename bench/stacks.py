"""How long CloudFormation takes: a change set over 500 resources, and a stack of 50 resources, each beside its calls.

Run by `make bench`, or by hand: `.venv/bin/python bench/stacks.py`. No number here is a test. The resources are log
groups, parameters and security groups, which are ready when their creation was answered, so what is measured is the
engine's own time. The ratio compares it in the same run with the bare calls of the resources, one after the other.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from rig.report import show

from moyai.api.cloudformation.service import cloudformation
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.logs.service import logs
from moyai.api.models import load_models
from moyai.api.ssm.service import SSM
from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.reconcile.stacks import StackLoop
from moyai.stacks.types.procedure import Call
from moyai.store.log_memory import MemoryLogStore
from moyai.store.sqlite import SqliteStore

SIZES = (50, 500)


def template(size: int, days: int) -> str:
    """As many log groups as parameters that have their names."""
    resources: dict[str, Any] = {}
    for number in range(size // 2):
        resources[f"Logs{number}"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}}
        resources[f"Name{number}"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Ref": f"Logs{number}"}},
        }
    return json.dumps({"Resources": resources}, separators=(",", ":"))


class Bench:
    """An installation with the services that the templates need."""

    def __init__(self, directory: Path) -> None:
        ids, clock = SystemIds(), SystemClock()
        self.store = SqliteStore.open(directory / "moyai.db", ids, clock.now())
        models = load_models(["cloudformation", "logs", "ssm"])
        dependencies = GatewayDependencies(self.store, clock, ids)
        gateway = ApiGateway((cloudformation(), logs(MemoryLogStore()), SSM), models, dependencies)
        self.caller = GatewayCaller(gateway, models, clock, "localhost:4566")
        self.loop = StackLoop(self.store, self.caller, clock, ids)

    async def ask(self, service: str, operation: str, **members: object) -> Mapping[str, Any]:
        """Call an operation."""
        return await self.caller.call(DEFAULT_SCOPE, Call(service, operation, members))

    async def wait(self) -> None:
        """Return when no stack has an operation under way."""
        async for _ in self.store.watch():
            if not any(stack.status.in_progress for stack in self.store.world.stacks):
                return


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """The seconds that something takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def measure(size: int, bench: Bench) -> None:
    """Create a stack, describe a change of all its resources, execute it, and delete the stack."""

    async def calls() -> None:
        for number in range(size // 2):
            group = f"/bare/{size}/{number}"
            await bench.ask("logs", "CreateLogGroup", logGroupName=group)
            await bench.ask("logs", "PutRetentionPolicy", logGroupName=group, retentionInDays=7)
            await bench.ask("ssm", "PutParameter", Name=group, Value=group, Type="String")

    async def create() -> None:
        await bench.ask("cloudformation", "CreateStack", StackName=name, TemplateBody=template(size, 7))
        await bench.wait()

    async def change_set() -> None:
        names = {"StackName": name, "ChangeSetName": "change"}
        await bench.ask("cloudformation", "CreateChangeSet", **names, TemplateBody=template(size, 14))
        await bench.ask("cloudformation", "DescribeChangeSet", **names)

    async def execute() -> None:
        await bench.ask("cloudformation", "ExecuteChangeSet", StackName=name, ChangeSetName="change")
        await bench.wait()

    async def delete() -> None:
        await bench.ask("cloudformation", "DeleteStack", StackName=name)
        await bench.wait()

    name = f"stack{size}"
    bare = "the bare calls of its resources"
    works = {bare: calls, "creation": create, "a change set over all": change_set, "its execution": execute}
    seconds = {label: [await timed(work)] for label, work in {**works, "deletion": delete}.items()}
    show(f"a stack of {size} resources", "s", seconds, bare)


async def main() -> None:
    """Measure all sizes."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory))
        loop = asyncio.create_task(bench.loop.run())
        for size in SIZES:
            await measure(size, bench)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await bench.store.close()


if __name__ == "__main__":
    asyncio.run(main())
