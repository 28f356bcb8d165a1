"""Whether an unknown name is a known one misspelt, or somebody's own.

Users' own names are welcome, so a near miss must be plain: the same word with another ending, underscore or plural,
or a typing mistake inside words that otherwise agree. ``MY_RETRY_TIMES`` and ``SHOP_DELAY`` are nobody's misspelling.

Place in the flow: pure functions for ``validation``, ``description`` and the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SHORT_NAME = 9
_SHORT_WORD = 4
_LONG_WORD = 8


def near_miss(
    name: str, known: Iterable[str], value: Any = None, examples: Mapping[str, Any] | None = None
) -> str | None:
    """Return the known name that ``name`` seems to mean, or ``None``.

    Args:
        name: a name that is not known.
        known: the names to compare with.
        value: what the name was set to: a list called ``USER_AGENTS`` is no misspelt ``USER_AGENT``.
        examples: known name to a value of its type, for the same purpose.
    """
    best: tuple[int, str] | None = None
    for candidate in known:
        distance = _distance_of_names(name, candidate)
        if distance is None or not _fits_shape(value, (examples or {}).get(candidate)):
            continue
        if best is None or (distance, candidate) < best:
            best = (distance, candidate)
    return best[1] if best else None


def edits(left: str, right: str) -> int:
    """Return how many letters must be changed, added, removed or swapped with their neighbour (Damerau-Levenshtein).

    The restricted form: no letter is touched twice.
    """
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before_last, last = last, row
    return last[-1]


def _distance_of_names(name: str, candidate: str) -> int | None:
    """Return how far apart two names are, or ``None`` when they are not near each other."""
    if _joined(name) == _joined(candidate):
        return 0
    if len(candidate) <= _SHORT_WORD:
        return None
    if _bare(name) == _bare(candidate):
        return 0
    limit = 1 if len(candidate) <= _SHORT_NAME else 2
    if abs(len(name) - len(candidate)) > limit:
        return None
    words, others = name.upper().split("_"), candidate.split("_")
    if len(words) == len(others):
        total = _distance_of_words(words, others)
        return total if total is not None and total <= limit else None
    # Another number of words: an underscore is wrong and a letter besides; not a whole word more, which is a new name.
    if (
        set(words) <= set(others)
        or set(words) >= set(others)
        or len(candidate) <= _SHORT_NAME
        or words[0][0:1] != others[0][0]
    ):
        return None
    return 1 if edits(_joined(name), _joined(candidate)) == 1 else None


def _distance_of_words(words: list[str], others: list[str]) -> int | None:
    total = 0
    for word, other in zip(words, others, strict=True):
        if word != other:
            if not _is_typo(word, other, is_sure=sum(map(len, others)) - len(other) >= _LONG_WORD):
                return None
            total += edits(word, other)
    return total


def _is_typo(word: str, other: str, *, is_sure: bool) -> bool:
    """Say whether one word is the other with a typing mistake, and not just another word.

    Args:
        word: a word of the unknown name.
        other: the word at the same place of a known name.
        is_sure: whether the rest of the known name is long enough to be no accident.
    """
    if any(letter.isdigit() for letter in word + other) and sorted(word) != sorted(other):
        return False
    if sorted(word) == sorted(other):
        return edits(word, other) == 1
    if word[:1] != other[:1]:
        return False
    shorter = min(len(word), len(other))
    if max(len(word), len(other)) <= _SHORT_WORD:
        # In a short word only a missing or a doubled letter: LOG_FIRE is no LOG_FILE, but ROBOTSTXT_OBAY is plain.
        is_plain = len(word) != len(other) or (is_sure and shorter == _SHORT_WORD)
        return shorter > 1 and is_plain and edits(word, other) == 1
    is_prefix = shorter > _SHORT_WORD and (word.startswith(other) or other.startswith(word))
    limit = 2 if is_prefix or max(len(word), len(other)) >= _LONG_WORD else 1
    return edits(word, other) <= limit


def _fits_shape(value: Any, example: Any) -> bool:
    """Say whether a value has the shape of the option: one value, a list or a dict (a text may mean any)."""
    if value is None or example is None or isinstance(value, str):
        return not (isinstance(value, str) and isinstance(example, dict) and not value.lstrip().startswith("{"))
    if isinstance(example, dict):
        return isinstance(value, Mapping)
    if isinstance(example, list):
        return isinstance(value, list | tuple | set | frozenset)
    return not isinstance(value, Mapping | list | tuple | set | frozenset)


def _bare(name: str) -> str:
    return "".join(_singular(word) for word in name.upper().split("_"))


def _joined(name: str) -> str:
    return name.upper().replace("_", "")


def _singular(word: str) -> str:
    if len(word) > _SHORT_WORD and word.endswith("IES"):
        return word[:-3] + "Y"
    return word[:-1] if len(word) > 2 and word.endswith("S") and not word.endswith("SS") else word
