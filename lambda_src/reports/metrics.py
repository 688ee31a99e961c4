"""The metrics of the function `similarity`.

The names stand apart from the code that counts. That code needs numpy, and a declaration must not.
"""

from __future__ import annotations

HIT, LOADED, BUILT = "MatrixHits", "MatrixLoads", "MatrixBuilds"
"""A matrix was found in the process, found in the bucket, or read from the table."""
DAMAGED, FAILURE, LEFT_OUT = "MatrixDamaged", "MatrixBucketFailures", "MatrixVectorsLeftOut"
"""A matrix in the bucket was damaged, the bucket failed, or a build left vectors out."""
