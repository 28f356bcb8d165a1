"""Questions to a store's tables, each answered by one statement of one step.

Place in the flow: ``sqlite.Store`` asks them for the frontier. SQLite gives up Python's lock at each record that it
returns, and beside a busy event loop every return to it may take milliseconds; so the records of an answer are joined
to one text inside SQLite, and taken apart here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .checksums import row_crc
from .connection import damaged
from .rows import Row, Totals
from .statements import marks

_LOWEST = -(2**63)
_BY_HOST = ("by_host", "by_host_young")
_SEEN = ("seen", "seen_young")
_IDENTITIES_A_QUESTION = (3000, 1000, 400, 100, 30, 10)
_RECORD = (
    "number || ',' || identity || ',' || host || ',' || priority || ',' || delivered || ',' || crc || ',' || hex(data)"
)


def numbers(text: str | None) -> list[int]:
    """Return the numbers of a joined answer."""
    return list(map(int, text.split(","))) if text else []


def known(connection: sqlite3.Connection, identities: Sequence[int]) -> set[int]:
    """Return which of the identities are among the seen ones."""
    answer = set(identities)
    wanted = list(identities)
    largest = _IDENTITIES_A_QUESTION[0]
    for start in range(0, len(wanted), largest):
        part = wanted[start : start + largest]
        size = min(size for size in _IDENTITIES_A_QUESTION if size >= len(part))
        part += part[:1] * (size - len(part))  # only a few different statements, so that they stay prepared
        answer.difference_update(numbers(connection.execute(_which_are_new(size), part).fetchone()[0]))
    return answer


@cache
def _which_are_new(count: int) -> str:
    # Who asks has a filter that knows them: most are there. VALUES and look-ups take two thirds of the time of IN,
    # which makes a sorted table of its list first.
    values = ",".join(["(?)"] * count)
    in_none = (f"NOT EXISTS (SELECT 1 FROM {table} WHERE identity = number)" for table in _SEEN)  # noqa: S608
    return (
        f"WITH wanted(number) AS (VALUES {values})"  # noqa: S608
        f" SELECT group_concat(number) FROM wanted WHERE {' AND '.join(in_none)}"
    )


def rows(
    connection: sqlite3.Connection, path: Path | None, where: str, values: Sequence[int], *, is_descending: bool
) -> list[Row]:
    """Return the rows that ``where`` chooses (with its ORDER BY and LIMIT), by number.

    Raises:
        DamagedJob: one of them is not what was written.
    """
    question = f"SELECT count(*), group_concat(record, ';') FROM (SELECT {_RECORD} AS record FROM rows {where})"  # noqa: S608
    count, text = connection.execute(question, values).fetchone()
    found = [_row(record, path) for record in text.split(";")] if text else []
    if len(found) != count:
        raise damaged(path, "pending requests in it are altered")
    found.sort(key=_number, reverse=is_descending)
    return found


def _number(row: Row) -> int:
    return row.number


def _row(record: str, path: Path | None) -> Row:
    try:
        number, identity, host, priority, delivered, crc, data = record.split(",")
        row = Row(int(number), int(identity), int(host), int(priority), bytes.fromhex(data), int(delivered))
        is_right = row_crc(row) == int(crc)
    except ValueError:
        is_right = False
    if not is_right:
        raise damaged(path, f"a pending request in it is altered (row {record.partition(',')[0]})")
    return row


def rows_of_host(  # noqa: PLR0913
    connection: sqlite3.Connection,
    path: Path | None,
    host: int,
    priority: int,
    limit: int,
    *,
    below: int | None,
    above: int | None,
    newest_first: bool,
) -> list[Row]:
    """Return the next rows of one host and priority, in order."""
    order = f"ORDER BY number {'DESC' if newest_first else 'ASC'} LIMIT ?3"
    values = [priority, host, limit]
    condition = "priority = ?1 AND host = ?2"
    for sign, bound in (("<", below), (">", above)):
        if bound is not None:
            values.append(bound)
            condition += f" AND number {sign} ?{len(values)}"
    of_both = (f"SELECT * FROM (SELECT number FROM {table} WHERE {condition} {order})" for table in _BY_HOST)  # noqa: S608
    where = f"WHERE number IN ({' UNION ALL '.join(of_both)}) {order}"
    return rows(connection, path, where, values, is_descending=newest_first)


def rows_after(connection: sqlite3.Connection, path: Path | None, number: int | None, limit: int) -> list[Row]:
    """Return the rows with the lowest numbers above ``number``, in ascending order."""
    where = "" if number is None else "WHERE number > ?"
    values = [limit] if number is None else [number, limit]
    return rows(connection, path, f"{where} ORDER BY number LIMIT ?", values, is_descending=False)


def rows_by_number(connection: sqlite3.Connection, path: Path | None, numbers: Sequence[int]) -> list[Row]:
    """Return those of the rows that are there."""
    return rows(connection, path, f"WHERE number IN ({marks(len(numbers))})", numbers, is_descending=False)


def hosts(connection: sqlite3.Connection, priority: int, after_host: int | None, limit: int) -> list[int]:
    """Return the hosts that have rows of a priority, ascending, by jumping from one to the next in the index."""
    first = _next_host("host >= ?2" if after_host is None else "host > ?2")
    question = (
        f"WITH RECURSIVE found(host) AS (SELECT ({first})"  # noqa: S608
        f" UNION ALL SELECT ({_next_host('host > found.host')}) FROM found WHERE found.host IS NOT NULL LIMIT ?3)"
        " SELECT group_concat(host) FROM found"
    )
    start = _LOWEST if after_host is None else after_host
    return numbers(connection.execute(question, (priority, start, limit)).fetchone()[0])


def _next_host(condition: str) -> str:
    """Return the statement that finds the lowest host of the priority ``?1`` under a condition."""
    of_both = (
        f"SELECT * FROM (SELECT host AS next FROM {table} WHERE priority = ?1 AND {table}.{condition}"  # noqa: S608
        " ORDER BY host LIMIT 1)"
        for table in _BY_HOST
    )
    return f"SELECT min(next) FROM ({' UNION ALL '.join(of_both)})"  # noqa: S608


def priorities(connection: sqlite3.Connection) -> list[int]:
    """Return the priorities that have rows, highest first."""
    below = _highest_priority("WHERE priority < found.priority")
    question = (
        f"WITH RECURSIVE found(priority) AS (SELECT ({_highest_priority('')})"  # noqa: S608
        f" UNION ALL SELECT ({below}) FROM found WHERE found.priority IS NOT NULL)"
        " SELECT group_concat(priority) FROM found"
    )
    return sorted(numbers(connection.execute(question).fetchone()[0]), reverse=True)


def _highest_priority(where: str) -> str:
    of_both = (f"SELECT max(priority) AS highest FROM {table} {where}" for table in _BY_HOST)  # noqa: S608
    return f"SELECT max(highest) FROM ({' UNION ALL '.join(of_both)})"  # noqa: S608


def seen_after(connection: sqlite3.Connection, identity: int | None, limit: int) -> list[int]:
    """Return the lowest seen identities above ``identity``, ascending."""
    where = "" if identity is None else "WHERE identity > ?1"
    of_both = (
        f"SELECT * FROM (SELECT identity FROM {table} {where} ORDER BY identity LIMIT ?2)"  # noqa: S608
        for table in _SEEN
    )
    question = f"SELECT group_concat(identity) FROM ({' UNION '.join(of_both)} ORDER BY identity LIMIT ?2)"  # noqa: S608
    return numbers(connection.execute(question, (identity, limit)).fetchone()[0])


def log_after(connection: sqlite3.Connection, position: int, limit: int) -> tuple[int, list[int]]:
    """Return identities of the log that come after ``position``, and the position of the last of them."""
    question = (
        "SELECT max(position), group_concat(identity) FROM"
        " (SELECT position, identity FROM seen_log WHERE position > ? ORDER BY position LIMIT ?)"
    )
    last, text = connection.execute(question, (position, limit)).fetchone()
    return last or position, numbers(text)


def bounds(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the lowest row number or 0, and the highest or 0."""
    question = "SELECT (SELECT min(number) FROM rows), (SELECT max(number) FROM rows)"
    lowest, highest = connection.execute(question).fetchone()
    return min(lowest or 0, 0), max(highest or 0, 0)


def seen_count(connection: sqlite3.Connection, table: str) -> int:
    """Return how many identities are in a table, with the young ones that are not in the old table too."""
    (count,) = connection.execute(
        f"SELECT (SELECT count(*) FROM {table}) + (SELECT count(*) FROM seen_young WHERE NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM seen WHERE seen.identity = seen_young.identity))"
    ).fetchone()
    return int(count)


def totals(connection: sqlite3.Connection, seen_table: str) -> Totals:
    """Count what the tables hold."""
    (pending,) = connection.execute("SELECT count(*) FROM rows").fetchone()
    kinds = dict(connection.execute("SELECT kind, count(*) FROM fates GROUP BY kind"))
    (refused,) = connection.execute("SELECT count(*) FROM refusals").fetchone()
    if refused:
        kinds[5] = refused
    return Totals(rows=pending, seen=seen_count(connection, seen_table), fates=kinds)
