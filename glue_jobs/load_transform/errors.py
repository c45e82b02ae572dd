"""What can go wrong in the job, as types. Each message says what happened, to what, and what to do."""

from __future__ import annotations


class LoadError(Exception):
    """The run stopped. Nothing that it had listed was lost; the next run repairs what it began."""


class PartitionChangedError(LoadError):
    """A partition holds files that neither this run listed nor wrote: somebody else writes to the lake."""


class RowCountError(LoadError):
    """What was written to Parquet is not what was counted in the raw objects."""


class MoveError(LoadError):
    """An object could not be moved or deleted."""
