"""Matrices in S3: one object each, written whole, and read only while it is young enough."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from keyline.s3 import s3_client
from reports.matrix import DamagedMatrixError, ModelMatrix
from reports.matrix_location import KEY_PREFIX

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 3.0
ATTEMPTS = 2
"""Seconds, and tries of one call with the first. A lookup and a store that both fail take 16 s at
most, so that the function (29 s) still answers from the table."""

LAYOUT = "v2"
"""Of the objects; a matrix of another layout is another object."""
_DIGEST = "sha256"


class BucketUnreachableError(Exception):
    """S3 did not do as asked."""


class MatrixBucket(msgspec.Struct, frozen=True):
    """The bucket that the function's instances share matrices by.

    Parameters
    ----------
    client
        What `matrix_client` made.
    codec
        How vectors are stored now: with another codec the matrix is another.
    """

    client: Any
    name: str
    codec: str

    def key(self, model_version: str, dimension: int) -> str:
        """Return where a matrix lies. A model version may be any text, so its digest names it."""
        digest = hashlib.sha256(model_version.encode()).hexdigest()
        return f"{KEY_PREFIX}{LAYOUT}/{digest}/{dimension}-{self.codec}.npz"

    def load(self, model_version: str, dimension: int, since: float) -> ModelMatrix | None:
        """Return a matrix that was stored since a moment, in epoch seconds; None if there is none.

        Raises
        ------
        DamagedMatrixError
            If what is there is not what was stored.
        BucketUnreachableError
            If S3 cannot be asked.
        """
        try:
            answer = self.client.get_object(
                Bucket=self.name,
                Key=self.key(model_version, dimension),
                IfModifiedSince=datetime.fromtimestamp(since, UTC),
            )
            content: bytes = answer["Body"].read()
        except ClientError as error:
            if _status_of(error) in (HTTPStatus.NOT_FOUND, HTTPStatus.NOT_MODIFIED):
                return None
            raise BucketUnreachableError(str(error)) from error
        except (BotoCoreError, OSError) as error:
            raise BucketUnreachableError(str(error)) from error
        if hashlib.sha256(content).hexdigest() != answer["Metadata"].get(_DIGEST):
            raise DamagedMatrixError("its digest is not the one it was stored with")
        matrix = ModelMatrix.unpack(content)
        if (matrix.about.model_version, matrix.about.dimension) != (model_version, dimension):
            raise DamagedMatrixError("it is another model version's")
        return matrix

    def save(self, matrix: ModelMatrix) -> None:
        """Store a matrix in place of the one that is there.

        Raises
        ------
        BucketUnreachableError
            If S3 did not take it.
        """
        content = matrix.pack()
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=self.key(matrix.about.model_version, matrix.about.dimension),
                Body=content,
                ContentType="application/zip",
                Metadata={_DIGEST: hashlib.sha256(content).hexdigest()},
            )
        except (BotoCoreError, ClientError, OSError) as error:
            raise BucketUnreachableError(str(error)) from error


def matrix_client() -> Any:
    """Make the client of S3 with the times that the function has."""
    return s3_client(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, attempts=ATTEMPTS)


def _status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
