"""What happens to a log record on its way out: secrets are masked, then it becomes a line of text or of JSON.

Place in the flow: ``telemetry.logs`` puts these on the handlers that it installs; ``Masking`` may be put on any other
handler too. What comes from a page may hold control characters, which a terminal would obey: they are escaped.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .logcounts import current_spider
from .masking import mask_text

_formatter = logging.Formatter()
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Masking(logging.Filter):
    """Masks secrets in the message, the traceback and the stack of every record; lets every record pass.

    A record without a secret stays as it is, so that handlers that read ``msg`` and ``args`` apart still can.

    Args:
        mask: what hides the secrets of a text; see ``telemetry.masking.masker``.
    """

    def __init__(self, mask: Callable[[str], str] = mask_text) -> None:
        super().__init__()
        self._mask = mask

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask one record in place."""
        try:
            message = record.getMessage()
        except Exception as error:
            # Left to logging, this would print the arguments as they are.
            message = f"{record.msg} (with {record.args!r}, which do not fit: {error})"
            record.msg, record.args = message, None
        masked = self._mask(message)
        if masked != message:
            record.msg, record.args = masked, None
        if record.exc_info and not record.exc_text:
            # Every formatter takes this text where it is there.
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._mask(record.stack_info)
        return True


class LineFormatter(logging.Formatter):
    """One record as text.

    Args:
        line_format: as for ``logging.Formatter``, in the ``%`` style (``LOG_FORMAT``).
        date_format: as for ``time.strftime`` (``LOG_DATEFORMAT``).
        short_names: show the first part of a logger's name only, ``framework`` (``LOG_SHORT_NAMES``).
    """

    def __init__(self, line_format: str, date_format: str, *, short_names: bool = False) -> None:
        super().__init__(line_format, date_format)
        self._short_names = short_names

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, or lines where there is a traceback."""
        name = record.name
        if self._short_names:
            record.name = name.partition(".")[0]
        try:
            line = super().format(record)
        finally:
            record.name = name
        return line if line.isprintable() else _CONTROL.sub(_escape, line)


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``, and where there
    is one ``spider`` and ``exception``.
    """  # noqa: D205

    def __init__(self, *, short_names: bool = False) -> None:
        super().__init__()
        self._short_names = short_names

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        name = record.name.partition(".")[0] if self._short_names else record.name
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": name,
            "message": record.getMessage(),
        }
        spider = getattr(record, "spider", None)
        spider = getattr(spider, "name", spider) or current_spider()
        if spider is not None:
            line["spider"] = str(spider)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        parts = [text for text in (record.exc_text, record.stack_info) if text]
        if parts:
            line["exception"] = "\n".join(parts)
        return json.dumps(line, ensure_ascii=False)


def _escape(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
