"""Parameter Store's errors.

    ClientFault
    ├── ParameterNotFound               ParameterNotFound
    ├── ParameterVersionNotFound        ParameterVersionNotFound
    ├── ParameterAlreadyExists          ParameterAlreadyExists
    ├── ParameterLimitExceeded          ParameterLimitExceeded
    ├── HierarchyLevelLimitExceeded     HierarchyLevelLimitExceededException
    ├── HierarchyTypeMismatch           HierarchyTypeMismatchException
    ├── InvalidFilterKey                InvalidFilterKey
    ├── InvalidFilterOption             InvalidFilterOption
    ├── InvalidFilterValue              InvalidFilterValue
    ├── InvalidNextToken                InvalidNextToken
    ├── InvalidResourceId               InvalidResourceId
    ├── InvalidResourceType             InvalidResourceType
    └── TooManyTags                     TooManyTagsError

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ParameterNotFound(ClientFault):
    """There is no such parameter."""

    code = "ParameterNotFound"


class ParameterVersionNotFound(ClientFault):
    """The parameter has no such version, or no longer."""

    code = "ParameterVersionNotFound"


class ParameterAlreadyExists(ClientFault):
    """There is one, and Overwrite was not said."""

    code = "ParameterAlreadyExists"


class ParameterLimitExceeded(ClientFault):
    """There are as many as there may be."""

    code = "ParameterLimitExceeded"


class HierarchyLevelLimitExceeded(ClientFault):
    """The name has too many levels."""

    code = "HierarchyLevelLimitExceededException"


class HierarchyTypeMismatch(ClientFault):
    """A parameter keeps its type."""

    code = "HierarchyTypeMismatchException"


class InvalidFilterKey(ClientFault):
    """Not a key to filter by here."""

    code = "InvalidFilterKey"


class InvalidFilterOption(ClientFault):
    """Not an option of this key."""

    code = "InvalidFilterOption"


class InvalidFilterValue(ClientFault):
    """Not a value of this key."""

    code = "InvalidFilterValue"


class InvalidNextToken(ClientFault):
    """The token is none of ours, or belongs to another list."""

    code = "InvalidNextToken"


class InvalidResourceId(ClientFault):
    """There is nothing of this name to tag."""

    code = "InvalidResourceId"


class InvalidResourceType(ClientFault):
    """Only parameters have tags here."""

    code = "InvalidResourceType"


class TooManyTags(ClientFault):
    """A parameter has so many tags at most."""

    code = "TooManyTagsError"
