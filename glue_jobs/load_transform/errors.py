"""What can go wrong in the job, as types. Each message says what happened, to what, and what to do."""

from __future__ import annotations


class LoadError(Exception):
    """The run stopped. Nothing that it had listed was lost; the next run repairs what it began."""


class PartitionChangedError(LoadError):
    """A partition holds files that neither this run listed nor wrote: somebody else writes to the lake."""


class MoveError(LoadError):
    """An object could not be moved or deleted."""


class TakenError(MoveError):
    """The key that an object was to be moved to holds another one."""


class LockedError(LoadError):
    """Another run works on the lake. Nothing was changed."""


class TakenOverError(LoadError):
    """Another run took this one for dead and works on the lake."""


class OrderError(LoadError):
    """What the job was asked for cannot be understood, or names what is not there. Nothing was changed."""
