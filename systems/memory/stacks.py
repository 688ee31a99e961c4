"""The memory system's service: it may call the model that makes vectors, and is watched more."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb

from keyline_cdk.alarm import add_alarm
from keyline_cdk.level_one import level_one
from keyline_cdk.metrics import system_percentile
from keyline_deploy.data_points import DataPoints
from memory.embeddings.provider import TITAN_DIMENSION, TITAN_MODEL
from memory.embeddings.tables import EMBEDDINGS
from memory.metrics import CONTEXT_MEMORY, CONTEXT_TIME, SEARCH_TIME
from memory.settings import Settings
from memory.system import RECALL, WRITE
from stacks.data_stack import DataStack
from stacks.service_stack import ServiceStack

VECTOR_INDEX, VECTOR_ATTRIBUTE = "VectorIndex", "vector"
"""The index, and the list of numbers that it would be of: vectors of ours are Binary."""
CONTEXT_MS = 100
SEARCH_MS = 500
CONTEXT_MEGABYTES = 20
"""The specification's bounds."""


class MemoryDataStack(DataStack):
    """Adds DynamoDB's own vector index where the environment asks for it."""

    def extend(self) -> None:
        """Add the index to the table of embeddings."""
        if not self._environment.settings(self._system.name, Settings).vector_index:
            return
        kind = dynamodb.CfnGlobalTable
        table = level_one(self.tables[EMBEDDINGS.name].resource, kind)
        table.vector_indexes = [
            kind.VectorIndexProperty(
                index_name=VECTOR_INDEX,
                vector_attribute=kind.VectorAttributeProperty(attribute_name=VECTOR_ATTRIBUTE),
                dimensions=TITAN_DIMENSION,
                distance_function="COSINE",
                projection=kind.ProjectionProperty(projection_type="KEYS_ONLY"),
                search_schema=[
                    kind.SearchSchemaElementProperty(
                        attribute_name=EMBEDDINGS.key.attributes[0],
                        search_schema_element_type="HASH",  # a search names a chunk of one user
                    )
                ],
            )
        ]


class MemoryServiceStack(ServiceStack):
    """Lets two functions call Bedrock, and tells when contexts and searches are slow or large."""

    def extend(self) -> None:
        """Add the permission and the alarms."""
        settings = self._environment.settings(self._system.name, Settings)
        if settings.embeddings == "titan":
            self._allow_model(TITAN_MODEL, WRITE, RECALL)
        self._watch(
            CONTEXT_TIME,
            CONTEXT_MS,
            f"One context in a hundred has taken more than {CONTEXT_MS} ms, without the call of the"
            " model that makes vectors. Look at the hit rate of the cache and at the metric Latency"
            " of user-turns and session-turns.",
        )
        self._watch(
            SEARCH_TIME,
            SEARCH_MS,
            f"One search in a hundred has taken more than {SEARCH_MS} ms, without the call of the"
            " model that makes vectors. Look at the iterator age of pack-stream: what is not packed"
            " is compared vector by vector.",
        )
        self._watch(
            CONTEXT_MEMORY,
            CONTEXT_MEGABYTES,
            f"One context in a hundred has made its process grow by more than {CONTEXT_MEGABYTES}"
            " MB. Look at the number and the size of the vectors that a search compares.",
        )

    def _watch(self, name: str, above: float, why: str) -> None:
        add_alarm(
            self,
            name,
            metric=system_percentile(self._environment.name, self._system.name, name),
            above=above,
            runbook="systems/memory/runbook.md#contexts-or-searches-are-slow",
            points=DataPoints(3, 5),
            why=why,
            topic=self._topic,
        )


DATA = MemoryDataStack
SERVICE = MemoryServiceStack
