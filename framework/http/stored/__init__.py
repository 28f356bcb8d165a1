"""The stored form of requests and values: data only, no pickle, nothing that can run.

Place in the flow: what the frontier writes to disk and reads back, and what a job keeps of the spider's state.
"""

from framework.http.stored.codec import dump_value, load_value
from framework.http.stored.form import StoredForm
from framework.http.stored.glance import Glance, glance

__all__ = ["Glance", "StoredForm", "dump_value", "glance", "load_value"]
