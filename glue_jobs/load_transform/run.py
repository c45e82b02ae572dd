"""What one run of the job works with, and what it has to tell in the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from load_transform.filesystem import Files
from load_transform.intake import Refusal
from load_transform.locks import Lock
from load_transform.orders import Order

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """What one run works with: its identity, its order, the two buckets, and the seconds that each step took."""

    spark: SparkSession
    raw: Files
    transformed: Files
    load_id: str
    started: datetime
    order: Order
    lock: Lock = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say that a step begins, and time it. No step begins on a lake that another run has taken over."""
        logger.info("%s", name)
        self.lock.check()
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 3)


@dataclass
class Done:
    """What a run did: the lines of its reports, what it could not read, and sentences on the dates that it held."""

    pending: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    held: dict[str, list[str]] = field(default_factory=dict)
    requeued: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
