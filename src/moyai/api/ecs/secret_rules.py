"""What a container's secrets may not be, in AWS's words where they are known. All are ClientException.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
"""

from __future__ import annotations

from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.ecs.value_from import parse
from moyai.domain.keys import scope_of


def check_secrets(container: ContainerDefinition, definition: TaskDefinition) -> None:
    """Raises ClientException."""
    if not container.secrets:
        return
    if definition.execution_role_arn is None:
        raise ClientException(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    taken = {pair.name for pair in container.environment}
    for secret in container.secrets:
        if not secret.name:
            raise ClientException(f"A secret of container '{container.name}' has no name.")
        if secret.name in taken:
            raise ClientException(
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                f"the container, such as '{secret.name}'."
            )
        taken.add(secret.name)
        if parse(secret.value_from, scope_of(definition.arn)) is None:
            raise ClientException(
                f"The Systems Manager parameter name specified for secret {secret.name} is invalid. The parameter name "
                "can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-,"
            )
