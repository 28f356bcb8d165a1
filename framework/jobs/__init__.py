"""Jobs: crawls that have a folder and a name, so that one that was killed can go on.

Place in the flow: a command (or ``crawler.py``, for crawls from code) asks ``decide`` which job a crawl is: one that
goes on, or a new one. The answer is a ``LiveJob``, locked for this process; the crawler enters it, opens the frontier
on its folder, and says with ``end`` how it ended. A process that dies leaves the state ``running`` without a lock,
which is what *killed* means. What the frontier keeps in the folder is the frontier's business.
"""

from .choosing import abandon, decide, go_on
from .claims import FileClaims
from .errors import JobBusyError, JobError
from .fromcode import job_from_code, jobs_folder, refuse_files_of_jobs, wants_job
from .jobsfolder import JobsFolder
from .key import Command, Key, Output, feed_outputs, mongo_outputs, stored_arguments, without_secrets
from .live import LiveJob
from .outputs import own_outputs, places_of
from .owning import refuse_files_of_others
from .progress import Progress, cuts_of, is_exhausted, progress_of, size_of
from .pruning import prune, remove
from .record import Record, State
from .stored import StoredJob

__all__ = [
    "Command",
    "FileClaims",
    "JobBusyError",
    "JobError",
    "JobsFolder",
    "Key",
    "LiveJob",
    "Output",
    "Progress",
    "Record",
    "State",
    "StoredJob",
    "abandon",
    "cuts_of",
    "decide",
    "feed_outputs",
    "go_on",
    "is_exhausted",
    "job_from_code",
    "jobs_folder",
    "mongo_outputs",
    "own_outputs",
    "places_of",
    "progress_of",
    "prune",
    "refuse_files_of_jobs",
    "refuse_files_of_others",
    "remove",
    "size_of",
    "stored_arguments",
    "wants_job",
    "without_secrets",
]
