"""Words of the demo shop: titles, names and sentences made from a random generator that the caller seeds.

The lowest file of the shop: `books` makes its books from it, `product` its reviews. Nothing here keeps state, so that
book number 900,000 costs what book number 1 costs.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CATEGORIES: Final[tuple[str, ...]] = (
    "Adventure",
    "Art & Design",
    "Biography",
    "Business",
    "Children's Books",
    "Classics",
    "Comics",
    "Cookery",
    "Crime",
    "Drama",
    "Essays",
    "Fantasy",
    "Gardening",
    "Health",
    "History",
    "Horror",
    "Humour",
    "Music",
    "Nature",
    "Philosophy",
    "Poetry",
    "Science",
    "Science Fiction",
    "Sport",
    "Travel",
)

_ADJECTIVES: Final = _words(
    "Silent Crimson Last Hidden Endless Forgotten Paper Winter Golden Broken Distant Little Northern Burning Borrowed "
    "Invisible Salt Glass Wandering Honest Impossible Midnight Quiet Electric Hollow Gentle Seventh Restless Unwritten "
    "Ordinary Velvet Naïve"
)
_NOUNS: Final = _words(
    "Garden River Lighthouse Library Orchard Cartographer Clockmaker Harbour Island Letter Map Mirror Mountain "
    "Orchestra Painter Passage Piano Railway Republic Season Shadow Ship Station Storm Stranger Summer Theatre Tower "
    "Voyage Widow Café Mill"
)
_PLACES: Final = _words(
    "Alexandria Bergen Cádiz Dundee Évora Florence Galway Hanoi Istanbul Jaipur Kyoto Lima Málaga Naples Orkney Prague "
    "Québec Riga Salzburg Tromsø Utrecht Verona Warsaw Xiamen York Zürich"
)
_FIRST_NAMES: Final = _words(
    "Ada Boris Chloé Dmitri Elena Farid Greta Hugo Imani Jonas Keiko Lucía Marek Nadia Oscar Priya Quentin Rosa Søren "
    "Tariq Ursula Viktor Wanda Xavier Yusuf Zoë"
)
_LAST_NAMES: Final = _words(
    "Adeyemi Bergström Castellano Duarte Eriksen Fontaine Gallagher Hoffmann Ibarra Jankowski Kovács Lindqvist "
    "Moreau Nakamura Okafor Petrov Quispe Rasmussen Sato Thornbury Umarov Vasquez Whitlock Xu Yılmaz Zamora"
)
_SUBJECTS: Final = (
    "The narrator", "An old friend", "Her brother", "The whole town", "A retired teacher", "The youngest daughter",
    "Nobody in the valley", "The captain", "A letter without a sender", "The second chapter", "Every winter the family",
    "His first employer", "The author", "A stranger at the station", "The neighbour across the yard",
)  # fmt: skip
_VERBS: Final = (
    "remembers", "never quite explains", "sets out to find", "returns to", "quietly gives up", "is surprised by",
    "writes down", "cannot forget", "learns to live with", "finally describes", "hides", "keeps a promise about",
)  # fmt: skip
_OBJECTS: Final = (
    "the house by the river", "a debt from long ago", "the summer of the great storm", "what the map does not show",
    "the music that was played that night", "a journey of three hundred miles", "the difference between two brothers",
    "the price of a quiet life", "an orchard that no longer bears fruit", "the rules of an unfamiliar city",
    "a box of photographs", "the last train of the year", "the secret of the clockmaker",
)  # fmt: skip
_ENDINGS: Final = (
    "and nothing is the same afterwards", "without asking anyone for help", "long before the story begins",
    "while the rest of the country looks away", "in prose of remarkable clarity", "for reasons which become clear late",
    "although the evidence points elsewhere", "with patience, humour and a little luck", "until the very last page",
)  # fmt: skip
_TITLE_SHAPES: Final = (
    "The {adjective} {noun}",
    "The {noun} of {place}",
    "A {adjective} {noun} in {place}",
    "{noun} & {other}",
    "Letters from {place}",
    "The {adjective} {noun}: A {place} Story",
    "{place}'s {adjective} {noun}",
)
_SENTENCES_IN_POOL: Final = 720


@cache
def _sentences() -> tuple[str, ...]:
    """Give the pool that descriptions and reviews draw from: made once, the same in every process."""
    rng = Random(20_240_229)  # noqa: S311 - repeatable text, nothing secret
    parts = (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
    return tuple(" ".join(rng.choice(part) for part in parts) + "." for _ in range(_SENTENCES_IN_POOL))


def title(rng: Random) -> str:
    """Make a book's title; some hold `&`, an apostrophe or accented letters, as real ones do."""
    shape = rng.choice(_TITLE_SHAPES)
    return shape.format(
        adjective=rng.choice(_ADJECTIVES), noun=rng.choice(_NOUNS), other=rng.choice(_NOUNS), place=rng.choice(_PLACES)
    )


def person(rng: Random) -> str:
    """Make a person's name."""
    return f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"


def paragraph(rng: Random, sentences: int) -> str:
    """Make one paragraph; it holds no character that HTML would need escaped."""
    return " ".join(rng.choices(_sentences(), k=sentences))
