"""Options of the MongoDB pipeline: where documents go, what tells them apart, what happens when the server is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..kinds import Kind, Misfit
from ..options import group, option


class _KeyKind(Kind):
    """A list of field names, or a dict from the name of an item class (or ``*``) to such a list."""

    wants = "a list of field names, or a dict from names of item classes to such lists"
    example = ["isbn"]
    type_name = "list of texts, or dict of text to list of texts"

    def read(self, value: Any) -> dict[str, tuple[str, ...]]:
        """Return the fields by class name; those of a plain list are under ``*``. A text may be JSON."""
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                value = json.loads(value)
            except ValueError:
                raise Misfit from None
        if isinstance(value, Mapping):
            return {str(name): _names(fields) for name, fields in value.items()}
        names = _names(value)
        return {"*": names} if names else {}


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name for name in value):
        raise Misfit
    return tuple(value)


@group("MongoDB", "Where `framework.pipelines.mongo.MongoPipeline` stores items, and how.")
class MongoOptions:
    """Where documents go, how they are told apart, what happens when the server is gone. None of it is in Scrapy."""

    uri: str | None = option(
        "MONGO_URI",
        default=None,
        doc="Address of the server, such as `mongodb://localhost:27017`; `embedded` starts a small server of the "
        "crawl's own, whose data is in the job's folder.",
    )
    database: str = option("MONGO_DATABASE", default="fwk", doc="Name of the database; may hold `%(spider)s`.")
    collection: str = option(
        "MONGO_COLLECTION",
        default="%(spider)s",
        doc="Name of the collection; may hold `%(spider)s` and `%(item_class)s`, for one collection a class.",
    )
    driver: Literal["motor", "pymongo"] = option(
        "MONGO_DRIVER",
        default="motor",
        doc="The client: motor, or the asynchronous client of pymongo, which is to replace it.",
    )
    key: Annotated[Mapping[str, tuple[str, ...]], _KeyKind()] = option(
        "MONGO_KEY",
        default={},
        doc="Fields that tell items apart, such as `['isbn']`, or a dict from names of item classes (`*` for the "
        "others) to such lists: an item with the same values updates the document. Without them each item of a job is "
        "a document of its own.",
    )
    batch_size: int = option(
        "MONGO_BATCH_SIZE", default=500, minimum=1, maximum=100_000, unit="documents", doc="Documents sent at once."
    )
    batch_interval_s: float = option(
        "MONGO_BATCH_INTERVAL",
        default=0.5,
        minimum=0,
        unit="s",
        doc="A batch that is not full is sent after this time.",
    )
    write_concern: Mapping[str, Any] = option(
        "MONGO_WRITE_CONCERN",
        default={"w": "majority", "j": True},
        doc="When the server calls a document written: `w`, `j`, `wtimeout` as MongoDB knows them. What is less than "
        "the default may be lost with the server. The embedded one is not asked: a document is in its file when it "
        "answers.",
    )
    indexes: tuple[Any, ...] = option(
        "MONGO_INDEXES",
        default=(),
        doc="Indexes that are made at the start: field names, or dicts such as "
        "`{'keys': [['shop', 1], ['price', -1]], 'unique': True}`.",
    )
    timeout_s: float = option(
        "MONGO_TIMEOUT", default=20.0, minimum=0.1, unit="s", doc="How long one answer of the server may take."
    )
    backoff_max_s: float = option(
        "MONGO_BACKOFF_MAX",
        default=5.0,
        minimum=0.1,
        unit="s",
        doc="Longest wait between two tries while the server is gone; the waits begin at 0.1 s and double.",
    )
    pause_after_s: float = option(
        "MONGO_PAUSE_AFTER",
        default=10.0,
        minimum=0.1,
        unit="s",
        doc="While the server is gone the crawl pauses; it says so after this time, and each time it has passed again.",
    )
    dead_letters: str | None = option(
        "MONGO_DEAD_LETTERS",
        default=None,
        doc="File of the items that could not be stored, one JSON line each with the reason; may hold `%(spider)s`. "
        "`None`: `dead-letters.jsonl` in the job's folder (without a job, in `.fwk/mongo/` and the spider's name).",
    )
    first_seen_field: str = option(
        "MONGO_FIRST_SEEN_FIELD",
        default="first_seen",
        doc="Field for the time at which a document was first stored; empty for none.",
    )
    last_seen_field: str = option(
        "MONGO_LAST_SEEN_FIELD",
        default="last_seen",
        doc="Field for the time at which a document was last stored; empty for none.",
    )
