"""Findings of cdk-nag that we have looked at and accept, one rule at a time, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings on a construct and below it.

    Parameters
    ----------
    reasons
        The rule, such as `AwsSolutions-SMG4`, and why it does not hold here.
    """
    validations = cdk.Validations.of(scope)
    for rule, reason in reasons.items():
        validations.acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))
