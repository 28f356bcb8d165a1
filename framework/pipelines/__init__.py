"""Item pipelines: what happens to an item between the callback that yielded it and the outputs.

Place in the flow: the engine sends each item of a callback through the ``PipelineChain``, which calls the
``process_item`` of every class in ``ITEM_PIPELINES`` in the order of their numbers; what comes out goes to the sinks.

A pipeline is any class with

- ``process_item(self, item)``: returns the item, changed or not, or raises ``DropItem``; plain or ``async``. The older
  form ``process_item(self, item, spider)`` works as well;
- optionally ``open_spider`` and ``close_spider``, with or without the argument ``spider``, plain or ``async``;
- optionally ``from_crawler(cls, crawler)``, which builds it.

A pipeline that writes by itself in ``process_item`` does so at least once: after a crash it may see an item again. One
that also has the methods of ``framework.protocols.Sink`` takes part in the checkpoints and gets each item exactly once.
"""

from .chain import PipelineChain
from .items import is_item

__all__ = ["PipelineChain", "is_item"]
