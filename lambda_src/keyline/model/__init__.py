"""The declaration: tables, indexes, access patterns and functions, as plain data.

Import names from here. The modules below this package may change at any time.

Tables
    Table, Entity, Key, Index, Ttl, Retention, Template; Projection, ProjectionType, ALL,
    KEYS_ONLY, include; StreamView; compressed, Field, fields_of. MAX_INDEXES,
    MAX_INDEX_KEY_PARTS and MAX_PROJECTED_BY_ALL are limits of DynamoDB.
Access patterns
    Get, Put, Update, Delete, Query, BatchGet, BatchWrite, TransactGet, TransactWrite, Check;
    Pattern is the base of all of them. MAX_TRANSACTION is the most actions of a transaction.
    plus and or_given make a Plus and an OrGiven, sources of an Update's set_from.
Conditions of a pattern
    equals, differs, less_than, at_most, greater_than, at_least, between, begins_with, contains,
    exists, absent, is_of, size_of, attribute, any_of, `not_`; they make a Condition, a Size, an
    Attribute, an AnyOf or a Not. holds_of_none says whether one holds where there is no item.
    leaves gives all comparisons in them.
Collections
    one_of, OneOf: a Query that reads several kinds of items.
Systems
    System, Function, Route, StreamSource, NoSettings; Metric; Migration, MigrationSettings.
Backfills
    Copy carries items of one table into another, Fill gives items attributes that they lack.
Conditions of a stream source
    AnythingBut, Prefix, Exists.
Errors
    DeclarationError, KeylineError.

What follows from a declaration:

Permissions
    access_of, Access.
Sizes and capacity units
    item_size, MAX_ITEM_BYTES, STORAGE_OVERHEAD_BYTES; read_units, write_units, query_units,
    change_units, most_write_units, most_index_units, READ_BYTES, WRITE_BYTES.
Stream filters
    stream_filter_of: the filter of Lambda that a StreamSource makes.
Deployment
    deployment, a module: construct ids, counts and environment variables of the two stacks.
    faults_among checks several systems together; MAX_VARIABLES is a limit of Lambda.
    http_headers, a module: what an App reads and sends, which CORS allows and exposes.
    schedule_expression, a module: when a function's `rate(...)` or `cron(...)` is due.
Metrics
    NAMESPACE holds all of them. dimension_sets gives the sets of dimensions that each is published
    under, with COMMON_DIMENSIONS in every set. GROWTH_METRICS are those of the sizes of tables:
    TABLE_SIZE, INDEX_SIZE, STORAGE_GROWTH. LATENCY_METRICS, which are READ_LATENCY and
    WRITE_LATENCY, are the times by table. CACHE_METRICS are those of a cache, CALL_METRICS and
    UNREADABLE_ITEMS those of every call.
    MIGRATION_METRICS are the names of those of a migration.
Names of deployed resources
    function_name, api_name, stack_name, phase_parameter_name, pascal; MAX_ENVIRONMENT_NAME,
    LONGEST_ENVIRONMENT.
"""

from keyline.errors import DeclarationError, KeylineError
from keyline.model import (  # noqa: F401 # the checks register themselves when imported
    deployment,
    http_headers,
    pattern_checks,
    query_checks,
    schedule_expression,
    system_checks,
    table_checks,
    update_checks,
)
from keyline.model.access import Access, access_of
from keyline.model.backfill import Copy, Fill
from keyline.model.bound import most_index_units, most_write_units
from keyline.model.capacity import (
    READ_BYTES,
    WRITE_BYTES,
    change_units,
    query_units,
    read_units,
    write_units,
)
from keyline.model.collection import OneOf, one_of
from keyline.model.condition import (
    AnyOf,
    Attribute,
    Condition,
    Not,
    Size,
    absent,
    any_of,
    at_least,
    at_most,
    attribute,
    begins_with,
    between,
    contains,
    differs,
    equals,
    exists,
    greater_than,
    holds_of_none,
    is_of,
    leaves,
    less_than,
    not_,
    size_of,
)
from keyline.model.deployment_checks import MAX_VARIABLES, faults_among
from keyline.model.entity import Entity, Key, Retention
from keyline.model.metric import (
    CACHE_METRICS,
    CALL_METRICS,
    COMMON_DIMENSIONS,
    GROWTH_METRICS,
    INDEX_SIZE,
    LATENCY_METRICS,
    NAMESPACE,
    READ_LATENCY,
    STORAGE_GROWTH,
    TABLE_SIZE,
    UNREADABLE_ITEMS,
    WRITE_LATENCY,
    Metric,
    dimension_sets,
)
from keyline.model.migration import Migration, MigrationSettings
from keyline.model.migration_metrics import MIGRATION_METRICS
from keyline.model.names import (
    LONGEST_ENVIRONMENT,
    MAX_ENVIRONMENT_NAME,
    api_name,
    function_name,
    pascal,
    phase_parameter_name,
    stack_name,
)
from keyline.model.pattern import (
    MAX_TRANSACTION,
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Get,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
)
from keyline.model.set_from import OrGiven, Plus, or_given, plus
from keyline.model.shape import Field, compressed, fields_of
from keyline.model.size import MAX_ITEM_BYTES, STORAGE_OVERHEAD_BYTES, item_size
from keyline.model.stream_filter import stream_filter_of
from keyline.model.stream_source import AnythingBut, Exists, Prefix, StreamSource
from keyline.model.system import Function, NoSettings, Route, System
from keyline.model.table import (
    ALL,
    KEYS_ONLY,
    MAX_INDEX_KEY_PARTS,
    MAX_INDEXES,
    MAX_PROJECTED_BY_ALL,
    Index,
    Projection,
    ProjectionType,
    StreamView,
    Table,
    Ttl,
    include,
)
from keyline.model.template import Template

__all__ = [
    "ALL",
    "CACHE_METRICS",
    "CALL_METRICS",
    "COMMON_DIMENSIONS",
    "GROWTH_METRICS",
    "INDEX_SIZE",
    "KEYS_ONLY",
    "LATENCY_METRICS",
    "LONGEST_ENVIRONMENT",
    "MAX_ENVIRONMENT_NAME",
    "MAX_INDEXES",
    "MAX_INDEX_KEY_PARTS",
    "MAX_ITEM_BYTES",
    "MAX_PROJECTED_BY_ALL",
    "MAX_TRANSACTION",
    "MAX_VARIABLES",
    "MIGRATION_METRICS",
    "NAMESPACE",
    "READ_BYTES",
    "READ_LATENCY",
    "STORAGE_GROWTH",
    "STORAGE_OVERHEAD_BYTES",
    "TABLE_SIZE",
    "UNREADABLE_ITEMS",
    "WRITE_BYTES",
    "WRITE_LATENCY",
    "Access",
    "AnyOf",
    "AnythingBut",
    "Attribute",
    "BatchGet",
    "BatchWrite",
    "Check",
    "Condition",
    "Copy",
    "DeclarationError",
    "Delete",
    "Entity",
    "Exists",
    "Field",
    "Fill",
    "Function",
    "Get",
    "Index",
    "Key",
    "KeylineError",
    "Metric",
    "Migration",
    "MigrationSettings",
    "NoSettings",
    "Not",
    "OneOf",
    "OrGiven",
    "Pattern",
    "Plus",
    "Prefix",
    "Projection",
    "ProjectionType",
    "Put",
    "Query",
    "Retention",
    "Route",
    "Size",
    "StreamSource",
    "StreamView",
    "System",
    "Table",
    "Template",
    "TransactGet",
    "TransactWrite",
    "Ttl",
    "Update",
    "absent",
    "access_of",
    "any_of",
    "api_name",
    "at_least",
    "at_most",
    "attribute",
    "begins_with",
    "between",
    "change_units",
    "compressed",
    "contains",
    "deployment",
    "differs",
    "dimension_sets",
    "equals",
    "exists",
    "faults_among",
    "fields_of",
    "function_name",
    "greater_than",
    "holds_of_none",
    "http_headers",
    "include",
    "is_of",
    "item_size",
    "leaves",
    "less_than",
    "most_index_units",
    "most_write_units",
    "not_",
    "one_of",
    "or_given",
    "pascal",
    "phase_parameter_name",
    "plus",
    "query_units",
    "read_units",
    "schedule_expression",
    "size_of",
    "stack_name",
    "stream_filter_of",
    "write_units",
]
