"""The names of what a job's folder holds.

Place in the flow: each part of a crawl keeps its own file there, and ``jobs`` makes, clears and removes the folder. The
names stand together because a new crawl in the folder of an old one (``JOBDIR``) must find nothing of that one.
"""

from __future__ import annotations

from typing import Final

RECORD: Final = "job.json"
"""What the job is, and how its last run ended."""

LOCK: Final = "lock"
"""Held by the process that works on the job."""

STORE: Final = "frontier.db"
"""Pending requests, known identities, fates, cuts of the outputs."""

IN_FLIGHT: Final = "inflight"
"""The requests that are in flight now."""

FEED_JOURNALS: Final = "feeds"
"""The folder in which feeds note the files that they begin."""

BEGUN: Final = "begun"
"""The files that the job has begun and marked under names that are known only then, such as those of batches."""

DATABASE_KEY: Final = "mongo.job"
"""The name of the job in documents, until a checkpoint holds it."""

DATABASE: Final = "mongo"
"""The folder of the database that the job runs itself."""

DEAD_LETTERS: Final = "dead-letters.jsonl"
"""Items that a database did not take."""

FIELDS: Final = "fields.json"
"""How the fields of the last complete crawl were filled, for the next one in the same folder to compare."""

OF_ONE_CRAWL: Final = (f"{STORE}*", f"{IN_FLIGHT}*", FEED_JOURNALS, f"{BEGUN}*", f"{DATABASE_KEY}*")
"""Patterns of what a crawl needs to go on, and the next one in the folder must not find."""
