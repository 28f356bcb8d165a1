"""Items into MongoDB, each exactly once. Switched on by ``ITEM_PIPELINES`` and ``MONGO_URI``.

Place in the flow: ``pipeline`` is the sink that the engine knows. It makes documents of items (``documents``), keeps
them until they are sent (``batches``), sends them and finds those that the server refuses (``delivery``, ``verdicts``,
``deadletters``) through one of two clients (``driver``). ``embedded`` runs a small server for a crawl that has none.

The drivers are imported here and nowhere else, and only when the pipeline is used.
"""

from .pipeline import MongoPipeline

__all__ = ["MongoPipeline"]
