"""What an environment may set for the reports system; each setting has a default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Codec = Literal["float32", "float16", "int8"]
"""How the numbers of a vector are stored: 4, 2 or 1 bytes each."""
Shards = Annotated[int, msgspec.Meta(ge=1, le=64)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the reports system.

    Attributes
    ----------
    max_favorites
        The most favourites of one report. A set is a part of its item, and every change of it
        pays for the whole item, in the table and in the index.
    model_shards
        Over how many values one model version is spread in ModelVersionIndex.
    vector_codec
        How a vector is stored from now on; each says itself how it was.
    max_dimension
        The most numbers of one vector.
    matrix_seconds
        How old the matrix of a model version may be, from which similar products are read.
        0 keeps none: every request reads all vectors.
    matrix_megabytes
        The most that the matrices in a process take, and so what a model version may have: 128
        are some 62,900 vectors of 512 numbers. While a matrix is made and stored, the process takes
        some three times as much (462 MB were measured with 128).
    catalogue_group
        The group of users (claim `cognito:groups`) that may store embeddings, and may have
        all of a model version read anew (`fresh=true`).
    """

    max_favorites: Count = 1_000
    model_shards: Shards = 4
    vector_codec: Codec = "float32"
    max_dimension: Annotated[int, msgspec.Meta(ge=1, le=16_384)] = 4_096
    matrix_seconds: Annotated[int, msgspec.Meta(ge=0)] = 300
    matrix_megabytes: Annotated[int, msgspec.Meta(ge=1, le=256)] = 128
    catalogue_group: str = "catalogue"
