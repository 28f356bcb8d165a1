"""Two levels for what has random keys: a small young table that transactions write to, and a large old one.

Place in the flow: ``writing`` puts identities and the places of rows into the young tables, and calls ``grow_old`` at
the end of a transaction; questions look into both.

A transaction with some thousand random keys writes as many pages of a large table again, hundreds of times what it has
to tell. The young table has few pages. When it is full, it goes into the old one in the order of the keys, so that a
page of that is written once for all keys that belong there (as in O'Neil et al., "The Log-Structured Merge-Tree",
1996).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from .schema import LEVELS
from .statements import marks

YOUNG_MAX: Final = 100_000
"""Records in a young table after which it goes into the old one."""
_A_STEP: Final = 20_000


def grow_old(
    connection: sqlite3.Connection, table: str, on_conflict: str, pause: Callable[[], None] | None = None
) -> None:
    """Move the records of a young table into its old one.

    Args:
        connection: in a transaction.
        table: the old table.
        on_conflict: what SQLite does about a record that is in the old table already: ``ABORT`` or ``IGNORE``.
        pause: called between two steps.

    Raises:
        sqlite3.IntegrityError: with ``ABORT``, a record is in the old table already.
    """
    young, key = LEVELS[table]
    chosen = f"SELECT {key} FROM {young}"  # noqa: S608
    step = f"{chosen} ORDER BY {key} LIMIT 1 OFFSET {_A_STEP}"
    while True:
        bound = connection.execute(step).fetchone() or ()
        where = f"WHERE ({key}) < ({marks(len(bound))})" if bound else ""
        connection.execute(f"INSERT OR {on_conflict} INTO {table} {chosen} {where} ORDER BY {key}", bound)
        connection.execute(f"DELETE FROM {young} {where}", bound)  # noqa: S608
        if pause is not None:
            pause()
        if not bound:
            return
