"""The names of the environment variables that Keyline gives to functions and takes from users.

Write `from keyline import variables`, then `variables.SYSTEM`.
"""

from __future__ import annotations

SYSTEM = "KEYLINE_SYSTEM"
"""The name of the system that a function belongs to."""
ENVIRONMENT = "KEYLINE_ENV"
"""The environment that a function is deployed in: `dev`, `staging`, `prod` or `local`."""
FUNCTION = "KEYLINE_FUNCTION"
"""The function's declared name."""
SETTINGS = "KEYLINE_SETTINGS"
"""The system's settings in this environment, as JSON."""
TABLES = "KEYLINE_TABLES"
"""The deployed names of tables that an environment serves under another name, as JSON.

Set only where a table was restored: declared name to deployed name.
"""
CURSOR_SECRET = "KEYLINE_CURSOR_SECRET"  # noqa: S105 - the name of the variable
"""The secret that cursors are signed with. Only functions that hand out cursors have it."""
PHASE_PARAMETER = "KEYLINE_PHASE_PARAMETER"
"""The name of the SSM parameter that holds the phase of the system's migration."""
MEASURE_SIZES = "KEYLINE_MEASURE_SIZES"
"""`1` where each call also records the units that its item sizes imply."""
SPANS = "KEYLINE_SPANS"
"""`1` where a function records the segments that its code names."""

ARCHIVE_BUCKET = "KEYLINE_ARCHIVE_BUCKET"
"""The name of the bucket that expired items are written to."""
ARCHIVE_TABLE = "KEYLINE_ARCHIVE_TABLE"
"""The declared name of the table whose expired items are written."""

DAX = "KEYLINE_DAX"
"""The URL of the DAX cluster that a function may read items through: `daxs://...`."""

TRANSPORT = "KEYLINE_TRANSPORT"
"""`botocore` where botocore is to send the first attempt of each call too."""

PREFIX = "KEYLINE_"
"""What the name of each of them begins with."""
PORT_OFFSET = "KEYLINE_PORT_OFFSET"
"""By how much every port of the local environment is moved."""
LOCAL_OVERRIDE = "KEYLINE_LOCAL_OVERRIDE"
"""The path of another file than `environments/local.override.toml`."""
DYNAMODB_ENDPOINT = "KEYLINE_DYNAMODB_ENDPOINT"
"""The URL of the DynamoDB-compatible engine that the local platform and the tests use."""
DYNOXIDE = "KEYLINE_DYNOXIDE"
"""The path of another binary of the embedded engine."""
