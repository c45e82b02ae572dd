"""Everything of the command that talks to AWS, and what is put together for it."""

from __future__ import annotations
