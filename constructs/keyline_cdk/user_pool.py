"""Users of a Cognito user pool as those who may call an API."""

from __future__ import annotations

from aws_cdk import aws_cognito as cognito
from constructs import Construct

from keyline_deploy.environment import Auth


class UserPoolClient(Construct):
    """A client of a user pool that exists, for the callers of one API.

    Users sign in with their password, which never travels (SRP), from a page or an app: so the
    client has no secret. Sign-in pages of Cognito and their OAuth flows are left to a client of
    the team's own.

    Parameters
    ----------
    pool
        The pool's id: `us-east-1_AbCdEfGhI`.
    name
        What the pool's list of clients calls it.

    Attributes
    ----------
    auth
        The tokens that an authorizer has to ask for: the pool is the issuer, the client the
        audience. Access tokens name the client in `client_id`, where API Gateway looks if a
        token has no `aud` (API Gateway developer guide, "Control access to HTTP APIs with JWT
        authorizers").
    """

    def __init__(self, scope: Construct, id: str, *, pool: str, name: str) -> None:
        super().__init__(scope, id)
        self.resource = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=cognito.UserPool.from_user_pool_id(self, "Pool", pool),
            user_pool_client_name=name,
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            disable_o_auth=True,
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        self.auth = Auth(issuer=issuer(pool), audience=self.resource.user_pool_client_id)


def issuer(pool: str) -> str:
    """Return the issuer of a pool's tokens, whose OpenID configuration stands below it.

    Examples
    --------
    >>> issuer("us-east-1_AbCdEfGhI")
    'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI'
    """
    region, _, _ = pool.partition("_")
    return f"https://cognito-idp.{region}.amazonaws.com/{pool}"
