"""Services of AWS that take JSON by a POST to `/`, and name the operation in a header."""

from __future__ import annotations

import msgspec


class Service(msgspec.Struct, frozen=True):
    """A service, as the protocols "AWS JSON 1.0" and "1.1" need it.

    Attributes
    ----------
    name
        In its host name, in signatures, and in the variable of its endpoint.
    targets
        What precedes an operation in the header X-Amz-Target.
    content_type
        The media type, which holds the protocol's version.
    """

    name: str
    targets: str
    content_type: str


DYNAMODB = Service("dynamodb", "DynamoDB_20120810.", "application/x-amz-json-1.0")
SSM = Service("ssm", "AmazonSSM.", "application/x-amz-json-1.1")
