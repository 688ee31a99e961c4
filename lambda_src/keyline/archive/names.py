"""The names by which the archive's function is found and told where to write."""

from __future__ import annotations

from keyline import variables

FUNCTION_HANDLER = "keyline.archive.handler.handler"
"""The handler of the function that writes."""
BUCKET_VARIABLE = variables.ARCHIVE_BUCKET
"""The name of the bucket."""
TABLE_VARIABLE = variables.ARCHIVE_TABLE
"""The declared name of the table."""
