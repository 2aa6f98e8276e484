"""Lifecycle hooks that are functions, with the real queue and store; the control plane dies during a call of one."""

from __future__ import annotations

import asyncio

import msgspec

from moyai.domain.ecs.hook_function import HookFunction
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookTarget, LifecycleHook, LifecycleStage, Strategy
from moyai.domain.world import Put
from moyai.plan.strategy.hooks import DEFAULT_CALL_BACK_DELAY
from moyai.ports.outgoing_calls import CallFailed
from moyai.reconcile.lifecycle_hooks import LifecycleHookLoop
from moyai.testing.world import container

ARN = "arn:aws:lambda:us-east-1:123456789012:function:check"
SUCCEEDED, IN_PROGRESS = b'{"hookStatus": "SUCCEEDED"}', b'{"hookStatus": "IN_PROGRESS"}'


class Function:
    """Answers in turn; None never comes back."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def call(self, url: str, body: bytes, invocation: str) -> bytes:
        self.asked.append((msgspec.json.decode(body)["lifecycleStage"], invocation.rpartition("/")[2]))
        if not self.answers:
            raise CallFailed("it has nothing to say")
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        return answer or b""

    async def close(self) -> None:
        pass


async def test_a_hook_function_is_called_until_it_succeeds_across_restarts(installation):
    build = installation.build
    hook = LifecycleHook(HookTarget.AWS_LAMBDA, (LifecycleStage.PRE_SCALE_UP,), hook_target_arn=ARN)
    how = DeploymentConfiguration(strategy=Strategy.BLUE_GREEN, lifecycle_hooks=(hook,))
    build.book.apply([Put(HookFunction("check", "http://127.0.0.1:1/", installation.clock.now()))])
    function = Function(IN_PROGRESS, None)
    worker = asyncio.create_task(LifecycleHookLoop(installation.store, function, installation.clock).run())
    service = build.service("back", build.definition("back", container("api", port=9000)), 1, bounds=how)
    await installation.until(lambda: len(function.asked) == 2, within=DEFAULT_CALL_BACK_DELAY + 1)
    assert [stage for stage, _ in function.asked] == ["PRE_SCALE_UP"] * 2
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await installation.restart()
    function.answers = [SUCCEEDED]
    worker = asyncio.create_task(LifecycleHookLoop(installation.store, function, installation.clock).run())
    await installation.until(
        lambda: installation.build.deployment(service).status is ServiceDeploymentStatus.SUCCESSFUL
    )
    assert [number for _, number in function.asked] == ["1", "2", "2"]
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
