"""Sending Python's log records where the settings say, without a trace left behind.

Place in the flow: the command line, or whoever runs a crawl, opens ``configure_logging`` around it. Handlers go on the
root logger, as Scrapy's do, so that every library's records are seen; closing takes them off again and gives the root
logger its level back. Two crawls in one process that write to the same place share one handler: no line comes twice.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self, TextIO

from framework.exceptions import SettingsError
from framework.settings.declared.logs import LogOptions
from framework.settings.secrets import is_secret_name

from .logrecords import JsonFormatter, LineFormatter, Masking
from .masking import masker

if TYPE_CHECKING:
    from types import TracebackType

    from framework.settings import Settings

_CONSOLE = ""
_NOWHERE = "\0"


def level_number(level: str) -> int:
    """Return the number of a level's name (in any case) or of a number as text.

    Raises:
        SettingsError: there is no such level.
    """
    text = level.strip().upper()
    known = logging.getLevelNamesMapping()
    if text in known:
        return known[text]
    if text.isdecimal():
        return int(text)
    names = "CRITICAL, ERROR, WARNING, INFO or DEBUG"
    msg = f"LOG_LEVEL is {level!r}, which is no level; write {names}"
    raise SettingsError(msg)


class ConsoleHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr, or to ``printer`` while a live display owns the terminal.

    Attributes:
        printer: takes a formatted record in the stream's place; ``None`` most of the time.
    """

    printer: Callable[[str], None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        printer = self.printer
        if printer is None:
            super().emit(record)
            return
        try:
            printer(self.format(record))
        except Exception:
            self.handleError(record)


def console_handlers() -> list[ConsoleHandler]:
    """Return the handlers that write to the terminal now: a live display diverts them."""
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, ConsoleHandler)]


def configure_logging(options: LogOptions, *, secrets: Iterable[str] = ()) -> LogSetup:
    """Send log records where ``options`` say until the result is closed; it is a context manager.

    Where a handler of an earlier call already writes to the same place, it is shared: it keeps its format, and
    takes the lower of the two levels. So calling this twice is harmless.

    Args:
        options: the settings ``LOG_*``.
        secrets: texts that must not appear in any line, such as ``secrets_of(settings)``; what looks secret is masked
            in any case.

    Raises:
        SettingsError: the log file cannot be opened.
    """
    return LogSetup(options, Masking(masker(secrets)))


def secrets_of(settings: Settings) -> list[str]:
    """Return the texts that somebody set under names that promise a secret, for ``configure_logging``."""
    return [
        value
        for name, value in settings.items()
        if isinstance(value, str) and is_secret_name(str(name)) and settings.getpriority(name)
    ]


class LogSetup:
    """What ``configure_logging`` did, and how it is undone."""

    def __init__(self, options: LogOptions, masking: Masking) -> None:
        self._level = level_number(options.level)
        self._masking = masking
        self._target = (options.file or _CONSOLE) if options.enabled else _NOWHERE
        self._handler: logging.Handler | None = _root.install(self._target, options, self._level)
        self._handler.addFilter(masking)
        self._stdout = sys.stdout if options.stdout else None
        if options.stdout:
            sys.stdout = _LogStream(logging.getLogger("stdout"))

    def close(self) -> None:
        """Undo everything; calling it again changes nothing."""
        if self._handler is None:
            return
        self._handler.removeFilter(self._masking)
        self._handler = None
        if self._stdout is not None and isinstance(sys.stdout, _LogStream):
            sys.stdout = self._stdout
        _root.remove(self._target, self._level)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _RootHandlers:
    """What is installed on the root logger. Python has one root logger a process, so there is one of these too."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[logging.Handler, list[int]]] = {}
        self._level_before = logging.WARNING

    def install(self, target: str, options: LogOptions, level: int) -> logging.Handler:
        root = logging.getLogger()
        if target not in self._handlers:
            handler = _new_handler(target, options)
            if not self._handlers:
                self._level_before = root.level
                logging.captureWarnings(capture=True)
            self._handlers[target] = (handler, [])
            root.addHandler(handler)
        handler, levels = self._handlers[target]
        levels.append(level)
        self._set_levels()
        return handler

    def remove(self, target: str, level: int) -> None:
        root = logging.getLogger()
        handler, levels = self._handlers[target]
        levels.remove(level)
        if not levels:
            del self._handlers[target]
            root.removeHandler(handler)
            handler.close()
        if self._handlers:
            self._set_levels()
        else:
            root.setLevel(self._level_before)
            logging.captureWarnings(capture=False)

    def _set_levels(self) -> None:
        for handler, levels in self._handlers.values():
            handler.setLevel(min(levels))
        logging.getLogger().setLevel(min(handler.level for handler, _ in self._handlers.values()))


_root = _RootHandlers()


def _new_handler(target: str, options: LogOptions) -> logging.Handler:
    if target == _NOWHERE:
        return logging.NullHandler()  # without any handler, Python would still print warnings
    handler = ConsoleHandler(sys.stderr) if target == _CONSOLE else _file_handler(target, options)
    if options.json:
        handler.setFormatter(JsonFormatter(short_names=options.short_names))
    else:
        handler.setFormatter(
            LineFormatter(options.format, options.date_format, short_names=options.short_names),
        )
    return handler


def _file_handler(path: str, options: LogOptions) -> logging.Handler:
    mode = "a" if options.file_append else "w"
    try:
        # What a page holds need not be valid Unicode; a log line must never fail because of it.
        return logging.FileHandler(path, mode, encoding=options.encoding, errors="backslashreplace")
    except (OSError, LookupError) as error:
        msg = f"LOG_FILE {path!r} (LOG_ENCODING {options.encoding!r}) cannot be written: {error}; name another file"
        raise SettingsError(msg) from error


class _LogStream(io.TextIOBase):
    """Takes what is printed and logs it line by line, at INFO."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._logger.info("%s", line)
        return len(text)

    def flush(self) -> None:
        if self._rest:
            rest, self._rest = self._rest, ""
            self._logger.info("%s", rest)
