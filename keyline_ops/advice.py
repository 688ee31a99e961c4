"""Advice on what AWS refuses: what to do about a code, whichever part of a command met it."""

from __future__ import annotations

from collections.abc import Mapping

_DEPLOY = "Deploy the system first, or name another environment."
_CLOCK = "Set the clock of this machine, or correct the credentials."

_ADVICE: Mapping[str, str] = {
    "ResourceNotFoundException": _DEPLOY,
    "TableNotFoundException": _DEPLOY,
    "ParameterNotFound": _DEPLOY,
    "AccessDeniedException": "Ask for a role that may do this, or choose one with AWS_PROFILE.",
    "ExpiredTokenException": "Sign in again.",
    "InvalidSignatureException": _CLOCK,
    "SignatureDoesNotMatch": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "UnrecognizedClientException": "Check the credentials.",
    "PointInTimeRecoveryUnavailableException": "Deploy the table with recovery first.",
    "LimitExceededException": "Wait until what is under way has ended.",
}


def advice_on(code: str, otherwise: str = "") -> str:
    """Return what to do about an error of AWS.

    Parameters
    ----------
    code
        AWS's name of the error: `AccessDeniedException`.
    otherwise
        What to do about an error that is not known.
    """
    return _ADVICE.get(code, otherwise)
