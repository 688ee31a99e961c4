"""Declare every access pattern of the embeddings, with assumed rates.

We assume 1,000 users. Each user writes 700 messages a month, and asks for a context with half of
them. A vector has 1,024 numbers as float16.
"""

from __future__ import annotations

from keyline.model import (
    BatchGet,
    BatchWrite,
    Delete,
    Put,
    Query,
    begins_with,
    between,
    equals,
    less_than,
    one_of,
)
from memory.embeddings.tables import (
    CODES,
    EMBEDDINGS,
    Directory,
    Embedding,
    EmbeddingKey,
    Group,
    Recent,
    Stored,
)

EMBEDDING_BYTES = 2_300
"""1,024 numbers of 2 bytes, and some 250 bytes of names and other values."""
BLOCK_BYTES = 4_096
"""A group: one unit of a read that is consistent."""
RECENT_BYTES = 8_850
"""A recent block of 64 codes, as the stream consumer writes it."""
DIRECTORY_BYTES = 20_000
"""The centres of 150 blocks."""

# --- embeddings -----------------------------------------------------------------------

EMBEDDING_CREATE = Put(
    name="embedding-create",
    why="Store an embedding with its message; never overwrite one.",
    table=EMBEDDINGS,
    shape=Embedding,
    item_bytes=EMBEDDING_BYTES,
    per_month=700_000,
)
EMBEDDING_BATCH = BatchWrite(
    name="embedding-batch",
    why="Store the embeddings of old messages, and delete those that a user wants forgotten.",
    table=EMBEDDINGS,
    shape=Embedding,
    item_bytes=EMBEDDING_BYTES,
    per_month=20_000,
)
EMBEDDINGS_NEWER = Query(
    name="embeddings-newer",
    why="Compare the embeddings of a chunk that are in no block yet, each with the query.",
    table=EMBEDDINGS,
    shape=Stored,
    entity=Embedding,
    sort=between("embedding_id"),
    page=1_000,
    items=4,
    item_bytes=EMBEDDING_BYTES,
    per_month=3_500_000,
)
EMBEDDINGS_TO_PACK = Query(
    name="embeddings-to-pack",
    why="Read the embeddings of a chunk whose codes go into blocks, and look whether they are still"
    " there when they have gone into one.",
    table=EMBEDDINGS,
    shape=Embedding,
    sort=between("embedding_id"),
    consistent=True,
    page=1_000,
    items=6,
    item_bytes=EMBEDDING_BYTES,
    per_month=550_000,
)
EMBEDDINGS_NEAR = BatchGet(
    name="embeddings-near",
    why="Compare the embeddings whose codes are nearest, each with the query.",
    table=EMBEDDINGS,
    shape=Stored,
    entity=Embedding,
    items=50,
    item_bytes=EMBEDDING_BYTES,
    per_month=350_000,
)
EMBEDDINGS_ALIKE = Query(
    name="embeddings-alike",
    why="Read the embeddings of a chunk whose signatures begin alike.",
    table=EMBEDDINGS,
    shape=Stored,
    entity=Embedding,
    index="SimilarityIndex",
    sort=begins_with("similarity_hash"),
    page=1_000,
    items=8,
    item_bytes=EMBEDDING_BYTES,
    per_month=100_000,
)
EMBEDDING_KEYS = Query(
    name="embedding-keys",
    why="Name all embeddings of a chunk, to delete them.",
    table=EMBEDDINGS,
    shape=EmbeddingKey,
    entity=Embedding,
    consistent=True,
    page=1_000,
    items=100,
    item_bytes=EMBEDDING_BYTES,
    per_month=1_000,
)

# --- codes ----------------------------------------------------------------------------

CODES_FIRST = Query(
    name="codes-first",
    why="Read a user's directory and recent blocks, the newest first.",
    table=CODES,
    shape=one_of(Directory, Recent, Group),
    sort=less_than("part"),
    descending=True,
    page=1_000,
    items=16,
    item_bytes=RECENT_BYTES,
    per_month=350_000,
)
GROUPS_NEAR = BatchGet(
    name="groups-near",
    why="Read the groups whose centres are nearest to the query.",
    table=CODES,
    shape=Group,
    items=40,
    item_bytes=BLOCK_BYTES,
    per_month=350_000,
)
CODES_ALL = Query(
    name="codes-all",
    why="Read all codes of a user: to group them again, or to take out what is forgotten.",
    table=CODES,
    shape=one_of(Directory, Recent, Group),
    consistent=True,
    page=1_000,
    items=150,
    item_bytes=BLOCK_BYTES,
    per_month=5_000,
)
CODES_LAST = Query(
    name="codes-last",
    why="Find up to where a user's embeddings are in blocks, as of the last write.",
    table=CODES,
    shape=one_of(Directory, Recent, Group),
    sort=less_than("part"),
    descending=True,
    consistent=True,
    page=1,
    items=1,
    item_bytes=RECENT_BYTES,
    per_month=44_000,
)
GROUPS_MISSING = BatchGet(
    name="groups-missing",
    why="Read groups again that a read did not find, as of the last write.",
    table=CODES,
    shape=Group,
    consistent=True,
    items=1,
    item_bytes=BLOCK_BYTES,
    per_month=100,
)
RECENT_CREATE = Put(
    name="recent-create",
    why="Add a user's next recent block, unless another process has added it.",
    table=CODES,
    shape=Recent,
    item_bytes=RECENT_BYTES,
    per_month=11_000,
)
RECENT_CHANGE = Put(
    name="recent-change",
    why="Take embeddings out of a recent block, unless it was changed since it was read.",
    table=CODES,
    shape=Recent,
    replace=True,
    conditions=(equals("version", "read_version"),),
    item_bytes=RECENT_BYTES,
    per_month=1_000,
)
GROUP_CHANGE = Put(
    name="group-change",
    why="Take embeddings out of a group, unless it was changed since it was read.",
    table=CODES,
    shape=Group,
    replace=True,
    conditions=(equals("version", "read_version"),),
    item_bytes=BLOCK_BYTES,
    per_month=1_000,
)
GROUPS_WRITE = BatchWrite(
    name="groups-write",
    why="Write the groups of a new generation, and delete those of one that is out of force.",
    table=CODES,
    shape=Group,
    item_bytes=BLOCK_BYTES,
    per_month=10_000,
)
RECENT_DELETE = BatchWrite(
    name="recent-delete",
    why="Delete the recent blocks that a generation holds.",
    table=CODES,
    shape=Recent,
    item_bytes=RECENT_BYTES,
    per_month=1_000,
)
DIRECTORY_CREATE = Put(
    name="directory-create",
    why="Put a user's first generation in force, unless there is one.",
    table=CODES,
    shape=Directory,
    item_bytes=DIRECTORY_BYTES,
    per_month=300,
)
DIRECTORY_CHANGE = Put(
    name="directory-change",
    why="Put a generation in force, unless the directory was changed since it was read.",
    table=CODES,
    shape=Directory,
    replace=True,
    conditions=(equals("version", "read_version"),),
    item_bytes=DIRECTORY_BYTES,
    per_month=1_000,
)
DIRECTORY_DELETE = Delete(
    name="directory-delete",
    why="Forget which groups a user has.",
    table=CODES,
    shape=Directory,
    item_bytes=DIRECTORY_BYTES,
    per_month=100,
)
