"""``StoreSearch``: a reader that also looks for URLs, and reads all fates in a stream.

Place in the flow: ``fwk why`` and ``fwk fates`` ask here, also while a crawl writes. No table has an index over URLs,
which would cost every crawl: what is not found by its identity is looked for from the table's beginning to its end,
by SQLite itself, which needs no more memory for millions of records than for ten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from . import questions
from .connection import named_errors
from .reading import StoreReader
from .rows import EndKind, FateRow, Row
from .statements import marks

_BATCH: Final = 1000
_LOWEST: Final = -(2**63)
_ESCAPED: Final = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


class StoreSearch(StoreReader):
    """A job's file, opened for questions about URLs; see ``StoreReader`` for what it takes and raises."""

    def fates_of(self, prefix: str, spelling: Callable[[str], str], wanted: str) -> list[FateRow]:
        """Return the fates and refusals of all requests whose URL has the spelling ``wanted``, earliest first.

        Args:
            prefix: what all their URLs begin with, in any case; only those are looked at closely.
            spelling: gives one spelling to all URLs that stand for the same.
            wanted: the URL in that spelling.
        """

        def spelt(url: str) -> str:
            try:
                return spelling(url)
            except ValueError:
                return url

        with named_errors(self.path):
            self._connection.create_function("spelt", 1, spelt, deterministic=True)
        where = r"WHERE url LIKE ? ESCAPE '\' AND spelt(url) = ?"
        values = (f"{prefix.translate(_ESCAPED)}%", wanted)
        found = self._fates(where, values) + self._refusals(where, values)
        return sorted(found, key=lambda fate: fate.found_at)

    def urls_below(self, prefix: str, limit: int) -> list[str]:
        """Return some URLs that begin with ``prefix``, in any case."""
        like = f"{prefix.translate(_ESCAPED)}%"
        found: dict[str, None] = {}
        for table in ("fates", "refusals"):
            question = rf"SELECT url FROM {table} WHERE url LIKE ? ESCAPE '\' LIMIT ?"  # noqa: S608
            found.update(dict.fromkeys(url for (url,) in self._all(question, (like, limit))))
        return list(found)

    def urls_of(self, identities: Collection[int]) -> dict[int, str]:
        """Return the URLs of those of the requests that have ended and whose fate is kept."""
        wanted = list(identities)
        found: dict[int, str] = {}
        for start in range(0, len(wanted), _BATCH):
            part = tuple(wanted[start : start + _BATCH])
            question = f"SELECT identity, url FROM fates WHERE identity IN ({marks(len(part))})"  # noqa: S608
            found.update(self._all(question, part))
        return found

    def urls_found_by(self, parent: int, limit: int) -> list[str]:
        """Return URLs of requests that one request led to and that have ended. Reads the whole table."""
        return [url for (url,) in self._all("SELECT url FROM fates WHERE parent = ? LIMIT ?", (parent, limit))]

    def waiting(self, identity: int, texts: Collection[str]) -> list[Row]:
        """Return pending requests with this identity, or with one of the texts in them. Reads the whole table."""
        where = "WHERE identity = ?" + " OR instr(data, CAST(? AS BLOB))" * len(texts)
        values: list[Any] = [identity, *texts]
        with named_errors(self.path):
            return questions.rows(self._connection, self.path, where, values, is_descending=False)

    def each_batch(self, kind: int | None = None, reason: str | None = None) -> Iterator[list[FateRow]]:
        """Yield all fates and then all refusals, or those of a kind and reason, a thousand at a time."""
        if kind != EndKind.REFUSED:
            yield from self._ended_in_batches(kind, reason)
        if kind is None or kind == EndKind.REFUSED:
            yield from self._refused_in_batches(reason)

    def _ended_in_batches(self, kind: int | None, reason: str | None) -> Iterator[list[FateRow]]:
        condition, chosen = _condition({"kind": kind, "reason": reason})
        where, last = "identity >= ?", _LOWEST
        while batch := self._fates(f"WHERE {where}{condition} ORDER BY identity LIMIT ?", (last, *chosen, _BATCH)):
            yield batch
            where, last = "identity > ?", batch[-1].identity

    def _refused_in_batches(self, reason: str | None) -> Iterator[list[FateRow]]:
        condition, chosen = _condition({"reason": reason})
        where = f"WHERE (identity, reason) > (?, ?){condition} ORDER BY identity, reason LIMIT ?"
        after: tuple[Any, ...] = (_LOWEST, "")
        while batch := self._refusals(where, (*after, *chosen, _BATCH)):
            yield batch
            after = (batch[-1].identity, batch[-1].reason)

    def most_frequent(self, limit: int) -> dict[tuple[int, str], int]:
        """Return the most frequent pairs of (kind, reason), with how many fates each has."""
        counted = self._all(
            "SELECT kind, reason, count(*) AS n FROM fates GROUP BY kind, reason ORDER BY n DESC LIMIT ?", (limit,)
        )
        refused = self._all(
            "SELECT reason, count(*) AS n FROM refusals GROUP BY reason ORDER BY n DESC LIMIT ?", (limit,)
        )
        answer = {(kind, reason): count for kind, reason, count in counted}
        return answer | {(int(EndKind.REFUSED), reason): count for reason, count in refused}

    def totals(self) -> dict[int, int]:
        """Return how many fates of each kind are kept, refusals included."""
        found = dict(self._all("SELECT kind, count(*) FROM fates GROUP BY kind"))
        refused = self.books().sums["refusals"].count
        return found | {int(EndKind.REFUSED): refused} if refused else found

    def accepted(self) -> int:
        """Return how many requests the job ever accepted: counted where each identity is kept."""
        books = self.books()
        if books.seen_mode == "log":
            return books.counts.get("offered", 0)
        with named_errors(self.path):
            return questions.seen_count(self._connection, "seen")


def _condition(columns: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    chosen = {name: value for name, value in columns.items() if value is not None}
    return "".join(f" AND {name} = ?" for name in chosen), tuple(chosen.values())
