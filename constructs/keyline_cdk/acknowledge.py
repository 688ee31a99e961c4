"""Findings of cdk-nag that we have looked at and accept, one rule at a time, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

from keyline.errors import DeclarationError

_FEWEST_WORDS = 4


def acknowledge(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings on a construct and below it.

    Parameters
    ----------
    reasons
        The rule, such as `AwsSolutions-SMG4`, and why it does not hold here, in a sentence.

    Raises
    ------
    DeclarationError
        If a reason is not a sentence.
    """
    validations = cdk.Validations.of(scope)
    for rule, reason in reasons.items():
        if len(reason.split()) < _FEWEST_WORDS or not reason.endswith("."):
            raise DeclarationError(
                f"{scope.node.path}: {rule}",
                f"is accepted without a reason: {reason!r} is not a sentence.",
                "Say why the rule does not hold here.",
            )
        validations.acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def as_findings_write(stack: cdk.Stack, text: str) -> str:
    """Return text as cdk-nag's findings have it: what a deployment fills in is `<AWS::AccountId>`.

    A rule's id may hold an ARN, and an id cannot hold tokens.
    """
    resolved = stack.resolve(text)
    if isinstance(resolved, str):
        return resolved
    _, parts = resolved["Fn::Join"]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
