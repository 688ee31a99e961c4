"""Expired items, kept in S3 in a form that Athena reads.

Import names from here. The modules below this package may change at any time.

    columns says what the lines of a table hold, for the table that Athena asks. FUNCTION_HANDLER is
    the handler that writes them, BUCKET_VARIABLE and TABLE_VARIABLE are what it is told.
"""

from keyline.archive.columns import Column, column_type, columns
from keyline.archive.names import BUCKET_VARIABLE, FUNCTION_HANDLER, TABLE_VARIABLE

__all__ = [
    "BUCKET_VARIABLE",
    "FUNCTION_HANDLER",
    "TABLE_VARIABLE",
    "Column",
    "column_type",
    "columns",
]
