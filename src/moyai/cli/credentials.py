"""The credentials of a command's requests."""

from __future__ import annotations

from os import environ
from pathlib import Path
from typing import Any, Final

_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""The variables by which botocore finds credentials."""
_FILES: Final = (("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), ("AWS_CONFIG_FILE", "~/.aws/config"))
"""The files with credentials, each after the variable that names another file."""


def load_credentials() -> Any:  # noqa: ANN401 (botocore has no types of its own)
    """The credentials, of botocore, that the AWS CLI would use; None if there are none.

    Those of an EC2 instance are left out: moyai issues none, and to ask for them takes a second where nothing answers.
    """
    files = (Path(environ.get(variable) or path).expanduser() for variable, path in _FILES)
    if not any(name in environ for name in _VARIABLES) and not any(file.exists() for file in files):
        return None  # to import botocore's session would take a third of the time of a short command
    from botocore.credentials import EnvProvider

    credentials = EnvProvider().load()
    if credentials is not None:  # the other providers take longer
        return credentials
    return new_session().get_credentials()


def new_session() -> Any:  # noqa: ANN401 (botocore has no types of its own)
    """A session of botocore, which asks no EC2 instance for credentials."""
    from botocore.session import get_session

    session = get_session()
    session.get_component("credential_provider").remove("iam-role")
    return session
