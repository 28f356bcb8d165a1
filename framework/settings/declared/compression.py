"""Options of compressed responses."""

from __future__ import annotations

from ..options import group, option


@group("Compression", "Whether compressed responses are asked for.")
class CompressionOptions:
    """Whether compressed responses are asked for."""

    enabled: bool = option(
        "COMPRESSION_ENABLED",
        default=True,
        doc="Ask for compressed responses (gzip, deflate, br, zstd) and decompress them.",
    )
