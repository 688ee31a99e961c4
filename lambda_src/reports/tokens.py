"""Which tokens the functions take: what the deployment tells them about it."""

from __future__ import annotations

USE_VARIABLE = "REPORTS_TOKEN_USE"
"""The environment variable that is set where a user pool issues the tokens: every token then has
to say that it is an access token."""
