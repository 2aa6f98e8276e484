"""Checks policy documents of IAM's language, which moyai records and does not evaluate.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import msgspec


def policy_fault(text: str, *, needs_statements: bool = False) -> str | None:
    """Why a text is not a policy, in one sentence; None for a JSON object with a Statement.

    ``needs_statements``: whether the Statement may not be empty.
    """
    try:
        policy = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        return f"The policy is not JSON: {error}"
    if not isinstance(policy, dict) or "Statement" not in policy or (needs_statements and not policy["Statement"]):
        return "The policy must be an object with a Statement."
    return None
