"""Settings of the reports system that an environment may give; each has a default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from keyline.moments import DAY_SECONDS
from keyline.settings import Shards, TokenMark, TokenMarks

Codec = Literal["float32", "float16", "int8"]
"""How the numbers of a vector are stored: 4, 2 or 1 bytes each."""
Favorites = Annotated[int, msgspec.Meta(ge=1, le=3_000)]
"""As many ids of 128 characters as fit in an item, of which DynamoDB takes 400 KB."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the reports system.

    Attributes
    ----------
    max_favorites
        The most favourites of one report. The favourites are a part of the report's item, so each
        change of them pays for the whole item, in the table and in the index.
    model_shards
        The number of key values over which one model version is spread in ModelVersionIndex. A
        lower number does not read what a higher one has spread.
    vector_codec
        How new vectors are stored. Each stored vector names its own codec.
    max_dimension
        The most numbers of one vector.
    matrix_seconds
        The greatest age of the matrix of a model version, which finds similar products. With 0
        no matrix is kept, and every request reads all vectors.
    matrix_megabytes
        The most memory that the matrices of a process take, which limits the vectors of a model
        version: 128 MB are some 62,900 vectors of 512 numbers. While a matrix is made and stored,
        the process takes about three times as much (462 MB were measured with 128).
    access_tokens
        What an access token says; one mark is enough, and any other token is refused. Tokens of
        an issuer that is not Cognito have another mark, such as `scp` or `cid` (Okta).
    catalogue
        What marks the tokens of who may store embeddings, and may request a new read of all
        vectors of a model version (`fresh=true`); one mark is enough.
    """

    max_favorites: Favorites = 1_000
    model_shards: Shards = 4
    vector_codec: Codec = "float32"
    max_dimension: Annotated[int, msgspec.Meta(ge=1, le=16_384)] = 4_096
    matrix_seconds: Annotated[int, msgspec.Meta(ge=0, le=DAY_SECONDS)] = 300
    matrix_megabytes: Annotated[int, msgspec.Meta(ge=1, le=256)] = 128
    access_tokens: TokenMarks = (TokenMark("token_use", "access"),)
    catalogue: TokenMarks = (TokenMark("cognito:groups", "catalogue"),)
