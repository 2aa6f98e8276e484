"""AWS's default quotas of load balancers.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
"""

from __future__ import annotations

from typing import Final

LOAD_BALANCERS: Final = 50  # of each type, in a region
SECURITY_GROUPS: Final = 5  # of a load balancer
LISTENERS: Final = 50  # of a load balancer
RULES: Final = 100  # of a load balancer, beside the default rules
CERTIFICATES: Final = 25  # of a load balancer, beside the default certificates
GROUPS_PER_ACTION: Final = 5
GROUPS_PER_LOAD_BALANCER: Final = 100
TARGET_GROUPS: Final = 3000  # in a region
TARGETS: Final = 1000  # of a target group
CONDITION_VALUES: Final = 5  # of a rule
CONDITION_WILDCARDS: Final = 5  # of a rule
REGEX_INSTRUCTIONS: Final = 1000  # of a regular expression, compiled by RE2; moyai's own
