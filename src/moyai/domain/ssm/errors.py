"""Parameter Store's errors.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ParameterStoreFault(ClientFault, code_suffix=""):
    """A client fault, whose code is the name of its class."""


class ParameterNotFound(ParameterStoreFault):
    """There is no such parameter."""


class ParameterVersionNotFound(ParameterStoreFault):
    """The parameter has no such version any more, or never had."""


class ParameterVersionLabelLimitExceeded(ParameterStoreFault):
    """The version would have more labels than allowed."""


class ParameterMaxVersionLimitExceeded(ParameterStoreFault):
    """The oldest version would have to be deleted for the new one, but has a label."""


class ParameterAlreadyExists(ParameterStoreFault):
    """The parameter exists, and the request does not say Overwrite."""


class ParameterLimitExceeded(ParameterStoreFault):
    """There are as many parameters as allowed."""


class HierarchyLevelLimitExceeded(ParameterStoreFault, code="HierarchyLevelLimitExceededException"):
    """The name has too many levels."""


class HierarchyTypeMismatch(ParameterStoreFault, code="HierarchyTypeMismatchException"):
    """The type of a parameter can't be changed."""


class InvalidAllowedPattern(ParameterStoreFault, code="InvalidAllowedPatternException"):
    """The pattern is no regular expression, or takes too long."""


class ParameterPatternMismatch(ParameterStoreFault, code="ParameterPatternMismatchException"):
    """The value does not match the parameter's pattern."""


class InvalidFilterKey(ParameterStoreFault):
    """This operation does not filter by this key."""


class InvalidFilterOption(ParameterStoreFault):
    """The filter key does not have this option."""


class InvalidFilterValue(ParameterStoreFault):
    """The filter key does not have this value."""


class InvalidNextToken(ParameterStoreFault):
    """The token is malformed, or belongs to another list."""


class InvalidResourceId(ParameterStoreFault):
    """No parameter to tag has this name."""


class InvalidResourceType(ParameterStoreFault):
    """Only parameters can have tags in moyai."""


class TooManyTags(ParameterStoreFault, code="TooManyTagsError"):
    """The parameter would have more tags than allowed."""
