"""Pages in encodings other than UTF-8, each declared in one way only.

Pure. What `?by=` says: `header` names the charset in Content-Type, `meta` only in the page, `bom` only by the first
bytes. A pair that cannot exist on the web (a byte order mark in Latin-1, a meta in UTF-16) is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

# What each page says; every text has letters that come out wrong when it is decoded as something else.
TEXTS: Final[dict[str, str]] = {
    "utf-8": "Grüße aus Kyōto — 東京, Москва, ¡olé!",
    "latin-1": "Déjà vu: façade, naïveté, Übergröße, señor, £12.50",
    "windows-1251": "Широкая электрификация южных губерний даст мощный толчок подъёму хозяйства",
    "shift_jis": "いろはにほへと ちりぬるを。日本語のページです。",
    "gb18030": "敏捷的棕色狐狸跳过懒狗。这是一家书店。",
    "utf-16": "Ποιος είπε πως ο Όμηρος ήταν τυφλός; 東京 книга",
}
WAYS: Final = ("header", "meta", "bom")

_BOMS: Final = {"utf-8": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE}
_CODECS: Final = {"utf-16": "utf-16-le"}
_LABELS: Final = {"latin-1": "iso-8859-1", "utf-16": "utf-16le"}


@dataclass(frozen=True, slots=True)
class EncodedPage:
    """A page as it goes over the wire."""

    content_type: str
    body: bytes


def encoded_page(name: str, by: str) -> EncodedPage | None:
    """Make the page of an encoding, declared `by` one of `WAYS`.

    Returns None when the encoding is unknown, or cannot be declared in this way.
    """
    if name not in TEXTS or by not in WAYS:
        return None
    if (by == "bom" and name not in _BOMS) or (by == "meta" and name == "utf-16"):
        return None
    label = _LABELS.get(name, name)
    meta = f'<meta charset="{label}">' if by == "meta" else ""
    text = (
        f"<!DOCTYPE html>\n<html><head>{meta}<title>{TEXTS[name]}</title></head>\n<body>\n"
        f'<h1 class="encoding">{name}</h1>\n<p class="sample">{TEXTS[name]}</p>\n'
        f'<a class="home" href="/?q={TEXTS[name][:4]}">Home</a>\n</body></html>\n'
    )
    bom = _BOMS[name] if by == "bom" else b""
    content_type = f"text/html; charset={label}" if by == "header" else "text/html"
    return EncodedPage(content_type, bom + text.encode(_CODECS.get(name, name)))
