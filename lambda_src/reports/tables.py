"""The reports system's tables and the items in them."""

from __future__ import annotations

from typing import Any

import msgspec

from keyline.model import Index, Key, StreamView, Table
from reports.settings import Codec


class User(msgspec.Struct, kw_only=True):
    """A user's profile.

    Attributes
    ----------
    user_id
        The `sub` of the user's tokens.
    name, email
        What the token said when the profile was created, or what the user wrote since. An
        address is as the user gave it: nobody has verified it.
    preferences
        Any JSON object; a client's own.
    created_at, updated_at
        ISO 8601 in UTC, with microseconds.
    version
        Counts the changes, from 1.
    """

    user_id: str
    created_at: str
    updated_at: str
    name: str | None = None
    email: str | None = None
    avatar_url: str | None = None
    preferences: dict[str, Any] = msgspec.field(default_factory=dict)
    version: int = 1


class Report(msgspec.Struct, kw_only=True):
    """A report of one user, which nobody else sees.

    Attributes
    ----------
    date, reference
        What the user writes there: text.
    favorites
        Identifiers of products. A set: additions and removals of different clients all count.
    created_at, updated_at
        ISO 8601 in UTC, with microseconds. Favourites do not touch `updated_at`.
    version
        Counts the changes of the text attributes, from 1; favourites do not count.
    """

    id: str
    user_id: str
    title: str
    created_at: str
    updated_at: str
    author: str | None = None
    date: str | None = None
    reference: str | None = None
    favorites: set[str] = msgspec.field(default_factory=set)
    version: int = 1


class Embedding(msgspec.Struct, kw_only=True):
    """A product's vector, made by one version of a model.

    Attributes
    ----------
    model
        The model version once more: `model_version` carries a write shard as stored, so that
        no condition of a write could compare it.
    embedding_vector
        `vector_dimension` numbers as `vector_codec` writes them: Binary takes 4 bytes a number
        or less, a List of numbers about 11.
    vector_scale
        By what the whole numbers of `int8` are multiplied; None of the other codecs.
    created_at
        ISO 8601 in UTC, with microseconds: when this vector was stored.
    """

    product_id: str
    model_version: str
    model: str
    embedding_vector: bytes
    vector_dimension: int
    vector_codec: Codec
    created_at: str
    vector_scale: float | None = None


class Vector(msgspec.Struct, kw_only=True):
    """What a matrix of vectors needs of an embedding."""

    product_id: str
    embedding_vector: bytes
    vector_dimension: int
    vector_codec: Codec
    vector_scale: float | None = None


USERS = Table(
    "k9-users",
    """Key design:
    user_id: a profile is one item, read and written by its user's token alone.
    """,
    key=Key("user_id"),
    entities=[User],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

REPORTS = Table(
    "k9-reports",
    """Key design:
    id: a report is one item under an identifier that the server makes. The key does not say
    whose it is, so that no policy of IAM can: every write has the owner as its condition, and
    every read compares the owner.
    UserReportsIndex: a user's reports by time, newest first. Two reports may be of one moment;
    a page then goes on by the table's key, which the cursor holds as well. It carries whole
    reports: the list shows them without a second read.
    """,
    key=Key("id"),
    entities=[Report],
    indexes=[
        Index(
            name="UserReportsIndex",
            key=Key("user_id", "created_at"),
            why="A user's reports by time.",
        )
    ],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

EMBEDDINGS = Table(
    "k9-embeddings",
    """Key design:
    product_id: a product has one vector. The specification keys it so, and two model versions
    of one product cannot be there at once: a vector of another version replaces the stored one
    only where the request names the version it replaces.
    ModelVersionIndex: the vectors of a model version. A few versions take the writes of all
    products, and a partition takes 1,000 write units a second, which is some 330 vectors of
    512 numbers: so the value is spread over shards.
    """,
    key=Key("product_id"),
    entities=[Embedding],
    indexes=[
        Index(
            name="ModelVersionIndex",
            key=Key("model_version"),
            why="All vectors of a model version.",
            cardinality=3,
            shards="model_shards",
        )
    ],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
