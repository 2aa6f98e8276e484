"""What a container's environment files may not be. AWS's wording is not known.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moyai.domain.ecs.environment import EnvironmentFile
from moyai.domain.s3.env_file import env_file_arn
from moyai.kernel.errors import ClientFault

_MOST: Final = 10


def check_env_files(
    files: tuple[EnvironmentFile, ...] | None, execution_role: str | None, error: Callable[[str], ClientFault]
) -> None:
    """Raises ``error``."""
    if not files:
        return
    if execution_role is None:
        raise error(
            "When you are specifying container environment files, you must also specify a value for 'executionRoleArn'."
        )
    if len(files) > _MOST:
        raise error(f"A container can have at most {_MOST} environment files.")
    for file in files:
        if env_file_arn(file.value) != file.value:
            raise error(
                f"The environment file '{file.value[:200]}' is invalid. Specify the ARN of an Amazon S3 object "
                "whose key ends with .env: arn:aws:s3:::bucket/key.env"
            )
