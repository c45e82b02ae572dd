"""The Glue job `spotify_load_transform`: raw playlist JSON in, partitioned Parquet out.

The modules follow the data: `objects` → `intake` → `documents` → `pages` → `snapshot` → `datasets` → `partitions` →
`archive` → `reports`, with `job` putting them in order. Nothing here imports
awsglue: the entry script reads the arguments.
"""

from __future__ import annotations

CODE_VERSION = "0.1.0"
