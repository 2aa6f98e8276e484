"""The errors of the Resource Groups Tagging API.

Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidTagRequest(ClientFault, code="InvalidParameterException"):
    """A request, or a tag in it, is not valid."""


class PaginationTokenExpired(ClientFault):
    """The token is malformed, or belongs to another list."""
