"""Logs as JSON, one object a line, with the run and the request that it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_OWN = "lambda_extract"


class JsonFormatter(logging.Formatter):
    """A record as JSON: `timestamp`, `level`, `message`, `logger`, `run_id`, `request_id`, and `error_code`."""

    def __init__(self, *, run_id: str | None, request_id: str | None) -> None:
        super().__init__()
        self._context = {"run_id": run_id, "request_id": request_id}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        told = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **self._context,
        }
        error_code = getattr(record, "error_code", None)
        if error_code:
            told["error_code"] = error_code
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def log_as_json(*, run_id: str | None, request_id: str | None) -> None:
    """Make every handler of the root logger (on Lambda its own) write JSON; where there is none, standard output."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    formatter = JsonFormatter(run_id=run_id, request_id=request_id)
    for handler in root.handlers:
        handler.setFormatter(formatter)
    logging.getLogger(_OWN).setLevel(logging.INFO)
