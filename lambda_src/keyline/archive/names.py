"""The names by which the archive's function is found and told where to write."""

from __future__ import annotations

FUNCTION_HANDLER = "keyline.archive.handler.handler"
"""The handler of the function that writes."""
BUCKET_VARIABLE = "KEYLINE_ARCHIVE_BUCKET"
"""The name of the bucket."""
TABLE_VARIABLE = "KEYLINE_ARCHIVE_TABLE"
"""The declared name of the table."""
