"""What failed requests leave for another try: the stored form as they were offered, taken over from their row.

Place in the flow: within the transaction of a checkpoint, before the rows of ended requests go. The frontier has let go
of a row's bytes once they are stored, and the request itself is by then what hooks have made of it, cookies included.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from .questions import rows_by_number
from .rows import FateRow
from .statements import chunks

_ROWS_A_QUESTION = (200, 50, 10, 1)


def take_forms(connection: sqlite3.Connection, path: Path, fates: Sequence[FateRow]) -> None:
    """Give each fate that names a row what this row holds.

    Raises:
        DamagedJob: one of the rows is not what was written.
    """
    wanted = {fate.row: fate for fate in fates if fate.row is not None}
    for chunk in chunks(list(wanted), _ROWS_A_QUESTION):
        for row in rows_by_number(connection, path, chunk):
            fate = wanted[row.number]
            fate.data, fate.host, fate.priority = row.data, row.host, row.priority
