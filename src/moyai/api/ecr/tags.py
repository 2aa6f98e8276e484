"""Tags of repositories.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything else.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.ecr.errors import InvalidParameter, InvalidTagParameter, RepositoryNotFound, TooManyTags
from moyai.domain.ecr.repository import Repository
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn

RULES: Final = TagRules("repository", InvalidTagParameter, TooManyTags)


def _repository(ctx: Context, arn: str) -> Repository:
    resource_arn = parse_arn(arn)
    if resource_arn is None or resource_arn.service != "ecr" or resource_arn.kind != "repository":
        raise InvalidParameter(f"Invalid parameter at 'resourceArn': '{arn[:200]}' is not the ARN of a repository.")
    repository = ctx.store.world.repositories.get(arn)
    if repository is None or resource_arn.scope != ctx.scope:
        name, account = resource_arn.resource.partition("/")[2], resource_arn.scope.account
        raise RepositoryNotFound(
            f"The repository with name '{name[:256]}' does not exist in the registry with id '{account}'"
        )
    return repository


TAGS: Final = TagOperations(_repository, RULES)
