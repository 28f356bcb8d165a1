"""The composition root: builds one crawl from a spider class and settings, runs it, and closes everything.

The only file that names concrete classes. What is opened is closed in reverse order by one ``AsyncExitStack``, also
when opening fails half-way. ``framework.process`` runs a crawler in a loop of its own, with signals of the terminal.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from framework import signals
from framework.components import build_enabled, build_from_crawler, load_object, tell_misspelt_hooks
from framework.downloader.chain import MiddlewareChain
from framework.downloader.downloader import Downloader
from framework.downloader.handlers import Handlers
from framework.duplicates import Duplicates
from framework.engine.commit import Committer, named_apart
from framework.engine.engine import Engine
from framework.engine.items import ItemStage
from framework.engine.limits import Limits
from framework.engine.parts import Parts
from framework.engine.spiderchain import SpiderChain
from framework.engine.state import KeptState
from framework.engine.yields import Yields
from framework.exceptions import CrawlError, PluginError, UsageError
from framework.feeds import FeedSink, build_feeds
from framework.frontier.build import build_frontier
from framework.http.stored import StoredForm, dump_value, load_value
from framework.jobrun import JobRun, cut_back, output_of
from framework.jobs import FileClaims, LiveJob, StoredJob, cuts_of, job_from_code, own_outputs
from framework.pipelines.chain import PipelineChain
from framework.protocols import Frontier, FrontierView, Gate, OfferFilter, Resume, Sink
from framework.settings import Settings
from framework.settings.declared import ComponentOptions, DurabilityOptions, EngineOptions, WarningOptions
from framework.settings.validation import validate
from framework.signalmanager import SignalManager
from framework.spiders import Spider
from framework.telemetry.logcounts import LogCounts
from framework.telemetry.summary import summary
from framework.usercode import in_short

logger = logging.getLogger(__name__)


class Crawler:
    """One crawl: its settings, its spider and all its components. Components get it in ``from_crawler``.

    Args:
        spidercls: the spider class.
        settings: the project's settings; the spider's ``custom_settings`` are added to a copy of them.

    Attributes:
        settings: the settings of this crawl, frozen once the spider is built.
        stats: the stats collector.
        signals: the signal manager.
        spider: the spider, from ``crawl`` on.
        engine: the engine, from ``crawl`` on, before any hook is called.
        request_fingerprinter: says which requests are the same.
        outputs: the feeds, for the summary.
        finish_reason: why the crawl ended, when it has.
        job: the job that it is, or ``None`` for one that ends with its process; set by a command before ``crawl``.
        stop_signal: the name of the signal that asked it to stop, if any.
        clock, wall_clock: where politeness takes the time from; a subclass for tests has others.

    Raises:
        PluginError: ``spidercls`` is no spider class.
    """

    clock = staticmethod(time.monotonic)
    wall_clock = staticmethod(time.time)

    def __init__(self, spidercls: type[Spider], settings: Settings | dict[str, Any] | None = None) -> None:
        if not (isinstance(spidercls, type) and hasattr(spidercls, "update_settings")):
            msg = f"Crawler takes a spider class, not {spidercls!r}"
            raise PluginError(msg)
        self.spidercls = spidercls
        self._settings_given = settings
        self.settings = settings.copy() if isinstance(settings, Settings) else Settings(settings)
        spidercls.update_settings(self.settings)
        self.signals = SignalManager(self)
        self.stats: Any = None
        self.spider: Any = None
        self.engine: Engine | None = None
        self.request_fingerprinter: Any = None
        self.finish_reason: str | None = None
        self.feeds: list[FeedSink] = []
        self.job: LiveJob | None = None
        self.stop_signal: str | None = None
        self._run_of_job = JobRun(self)
        self._components: list[Any] = []
        self._has_begun = False

    # -- the crawl -----------------------------------------------------------------------------------------------

    async def crawl(self, *args: Any, **kwargs: Any) -> None:
        """Build everything, crawl to the end, close everything. The arguments are the spider's.

        Raises:
            SettingsError: settings are wrong; nothing was opened.
            PluginError: the spider or a component could not be built.
            CrawlError: the crawl could not go on.
        """
        if self._has_begun:
            raise UsageError("a Crawler runs once; make a new one for another crawl")
        self._has_begun = True
        begun_at = time.monotonic()
        self._build_spider(args, kwargs)
        with LogCounts(self.stats):
            try:
                async with AsyncExitStack() as stack:
                    self.job = self.job or self._job_from_code(args, kwargs)
                    await self._run(await self._open(stack))
            finally:
                if self.engine is not None and self.finish_reason is not None:
                    self._tell_end(self.engine.view(), time.monotonic() - begun_at)

    async def crawl_async(self, *args: Any, **kwargs: Any) -> None:
        """Do the same as ``crawl`` (Scrapy's name)."""
        await self.crawl(*args, **kwargs)

    async def _run(self, engine: Engine) -> None:
        try:
            self.finish_reason = await engine.run()
            for key, value in self._parts.frontier.stats().items():
                self.stats.set_value(key, value)
        except Exception:
            self.finish_reason = "failed"
            raise
        except BaseException:  # somebody wants the process, or the task that we run in, to end
            self.finish_reason = engine.reason or "shutdown"
            raise

    async def _tell_closed(self) -> None:
        await self.signals.send_catch_log_async(signals.spider_closed, spider=self.spider, reason=self.finish_reason)

    def _close_stats(self) -> None:
        self.stats.close_spider(self.spider, reason=self.finish_reason)

    def _tell_end(self, view: FrontierView, elapsed_s: float) -> None:
        warnings = self._run_of_job.warnings(view)
        text = summary(
            self.stats.get_stats(),
            view,
            outputs=[output_of(feed) for feed in self.feeds],
            reason=self.finish_reason or "finished",
            elapsed_s=elapsed_s,
            job=None if self.job is None else self.job.name,
            warnings=warnings,
        )
        logger.log(logging.WARNING if warnings else logging.INFO, "%s", text)

    def stop(self) -> None:
        """End the crawl in good order (Scrapy's name)."""
        if self.engine is not None:
            self.engine.close_spider(self.spider, reason="shutdown")

    async def stop_async(self) -> None:
        """End the crawl in good order: ``stop`` as Scrapy's documentation awaits it."""
        self.stop()

    @property
    def has_failed(self) -> bool:
        """Say whether the crawl failed: ``start()`` raised, not one page could be fetched, or it was stopped at once.

        A crawl that its user or SIGTERM has ended in good order has not failed.
        """
        if self.engine is None and self.stop_signal is not None:
            return False  # it was stopped while it was opened
        if (
            self._run_of_job.is_unbalanced
            or self.finish_reason == "failed"
            or self.engine is None
            or self.engine.start_error is not None
        ):
            return True
        stats = self.stats.get_stats()
        if self.engine.is_cut_off or self.engine.has_lost_items:
            return True
        if stats.get("response_received_count"):
            return False
        # Requests that were tried and gave no page, or code that gave no request; to have nothing to do is no failure.
        refused = any(key.startswith("refused/") and key != "refused/duplicate" for key in stats)
        has_failures = self.engine.view().failed > self._run_of_job.failed_before
        return refused or has_failures or "spider_exceptions/InvalidOutput" in stats

    def get_addon(self, cls: type) -> None:
        """Return ``None``: there are no add-ons yet."""

    def get_downloader_middleware(self, cls: type) -> Any:
        """Return the built downloader middleware of a class, or ``None``."""
        return self._component(cls)

    def get_spider_middleware(self, cls: type) -> Any:
        """Return the built spider middleware of a class, or ``None``."""
        return self._component(cls)

    def get_item_pipeline(self, cls: type) -> Any:
        """Return the built pipeline of a class, or ``None``."""
        return self._component(cls)

    def get_extension(self, cls: type) -> Any:
        """Return the built extension of a class, or ``None``."""
        return self._component(cls)

    def _component(self, cls: type) -> Any:
        return next((component for component in self._components if isinstance(component, cls)), None)

    # -- building ------------------------------------------------------------------------------------------------

    def _build_spider(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Build what the spider may use in its ``from_crawler``, then the spider; freeze and check the settings."""
        settings = self.settings
        validate(settings)
        self.stats = build_from_crawler(load_object(settings["STATS_CLASS"]), self)
        self.request_fingerprinter = build_from_crawler(load_object(settings["REQUEST_FINGERPRINTER_CLASS"]), self)
        try:
            self.spider = build_from_crawler(self.spidercls, self, *args, **kwargs)
        except CrawlError:
            raise
        except Exception as error:
            msg = f"{self.spidercls.__name__} cannot be built: {in_short(error)}"
            raise PluginError(msg) from error
        validate(settings)
        settings.freeze()

    def _enabled(self, name: str) -> list[Any]:
        """Build the components of a setting such as ``DOWNLOADER_MIDDLEWARES``, in their order."""
        with self._naming(name):
            built = build_enabled(self.settings.ordered_components(name), self)
        tell_misspelt_hooks(built)
        self._components += built
        return built

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        """Put the setting that asked for a plugin, and its place, before what is wrong with the plugin."""
        try:
            yield
        except PluginError as error:
            origin = self.settings.origin(name)
            place = f" ({origin.place})" if origin is not None and self.settings.is_set(name) else ""
            msg = f"{name}{place}: {error}"
            raise PluginError(msg) from error

    async def _open(self, stack: AsyncExitStack) -> Engine:
        """Build the components, open what must be open before the first request, and return the engine."""
        extensions = self._enabled("EXTENSIONS")
        downloader_middlewares = self._enabled("DOWNLOADER_MIDDLEWARES")
        spider_middlewares = self._enabled("SPIDER_MIDDLEWARES")
        pipelines = PipelineChain(self._enabled("ITEM_PIPELINES"), self.spider)
        folder = None if self.job is None else self.job.folder
        self.feeds = build_feeds(self, FileClaims(folder), durable=folder is not None, folder=folder)
        with self._naming("DOWNLOAD_HANDLERS"):
            handlers = Handlers.from_crawler(self)
        downloader = Downloader(
            MiddlewareChain(downloader_middlewares, self.spider), handlers, self.signals, self.spider
        )
        askable = [*downloader_middlewares, *spider_middlewares, *extensions]
        stored = StoredForm(self.spider)
        with self._naming("DUPEFILTER_CLASS"):
            duplicates = Duplicates(self)
        gates = [component for component in askable if isinstance(component, Gate)]
        frontier = self._frontier(duplicates, stored, gates)
        sinks = named_apart([*self.feeds, *pipelines.sinks])
        resume = await self._run_of_job.open(stack, frontier)
        stack.push_async_callback(self.signals.send_catch_log_async, signals.engine_stopped)
        stack.push_async_callback(downloader.close)
        stateful = [*self._components, *duplicates.components, self._run_of_job.fill_rates]
        kept = KeptState(self.spider, stateful, dump_value, load_value)
        await duplicates.open(stack)
        kept.restore(resume)
        await duplicates.learn()
        await self._open_outputs(stack, resume, sinks, pipelines)
        options = self.settings.group(EngineOptions)
        self._parts = Parts(
            spider=self.spider,
            frontier=frontier,
            downloader=downloader,
            spider_chain=SpiderChain(spider_middlewares, self.spider, self._on_refusal, frontier.is_known),
            items=self._item_stage(pipelines, options),
            committer=Committer(frontier, sinks, options.checkpoint_interval_s, kept.snapshot, self.stats),
            limits=self._limits(options),
            stats=self.stats,
            signals=self.signals,
            close=self._close,
            schemes=handlers.schemes,
            filters=[component for component in askable if isinstance(component, OfferFilter)],
            snapshot=stored.snapshot,
            wall_clock=self.wall_clock,
            **self._telling(),
        )
        self.engine = Engine.from_options(self._parts, options, has_started=resume.has_started)
        self.stats.open_spider(self.spider)
        return self.engine

    def _frontier(self, duplicates: Duplicates, stored: StoredForm, gates: list[Gate]) -> Frontier:
        return build_frontier(
            self,
            duplicates.fingerprinter,
            stored,
            gates,
            folder=None if self.job is None else self.job.folder,
            must_exist=self.job is not None and self.job.must_exist,
            own_filter=duplicates.own_filter,
            clock=self.clock,
            wall_clock=self.wall_clock,
        )

    def _telling(self) -> dict[str, Any]:
        """Return what of the parts is about telling: what is logged, warned of, refused."""
        settings = self.settings
        return {
            "is_debug": logging.getLogger("framework.engine").isEnabledFor(logging.DEBUG),
            "log_duplicates": settings.group(ComponentOptions).dupefilter_debug,
            "rides": settings.group(DurabilityOptions).unstorable == "ride",
            "yields": Yields(settings.group(WarningOptions).empty_callback_pages),
        }

    def _limits(self, options: EngineOptions) -> Limits:
        return Limits(
            concurrency=options.concurrent_requests,
            sockets_max=options.sockets_max,
            stall_after_s=options.stall_after_s,
            active_size_max=options.active_size_bytes,
            clock=self.clock,
        )

    def _item_stage(self, pipelines: PipelineChain, options: EngineOptions) -> ItemStage:
        return ItemStage(
            pipelines,
            at_once=options.concurrent_items,
            stats=self.stats,
            signals=self.signals,
            spider=self.spider,
            drop_level=options.dropitem_log_level,
            note=self._run_of_job.fill_rates.note if self.settings.group(WarningOptions).fill_rate_drop else None,
            folder=None if self.job is None else self.job.folder,
        )

    def _close(self, reason: str) -> None:
        if self.engine is not None:
            self.engine.close_spider(self.spider, reason)

    async def _open_outputs(
        self, stack: AsyncExitStack, resume: Resume, sinks: Sequence[Sink], pipelines: PipelineChain
    ) -> None:
        # Scrapy's order of the end: pipelines, spider_closed, feeds, stats; each may count until it is closed.
        stack.callback(self._close_stats)
        for sink in sinks:
            await sink.open(resume.cuts.get(sink.name))
            stack.push_async_callback(sink.close)
        await pipelines.open()
        stack.push_async_callback(self._tell_closed)
        stack.push_async_callback(pipelines.close)

    def _job_from_code(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveJob | None:
        """Return the job of a crawl that no command has started, where ``JOBDIR`` or ``FRONTIER`` asks for one."""

        def cut_outputs(job: StoredJob) -> None:
            other = Crawler(self.spidercls, self._settings_given)
            with ThreadPoolExecutor(1) as thread:  # the loop of this thread is running
                thread.submit(asyncio.run, other.cut_outputs(job.folder, *args, **kwargs)).result()

        return job_from_code(self.settings, self.spider.name, args, kwargs, cut_outputs=cut_outputs)

    async def cut_outputs(self, folder: Path, *args: Any, **kwargs: Any) -> None:
        """Leave, in the output files of a job that are its own still, just what it has committed. Instead of ``crawl``.

        Args:
            folder: the job's, locked.
            args, kwargs: the spider's arguments.

        Raises:
            CrawlError: the job's file cannot be read, and nothing was cut; or one of its outputs cannot be cut.
        """
        self._build_spider(args, kwargs)
        is_own = own_outputs(folder)
        feeds = build_feeds(self, FileClaims(folder), durable=True, folder=folder)
        pipelines = PipelineChain(self._enabled("ITEM_PIPELINES"), self.spider)
        await cut_back([sink for sink in (*feeds, *pipelines.sinks) if is_own(sink.name)], cuts_of(folder))

    def _on_refusal(self, request: Any, reason: str) -> None:
        self._parts.refused(request, reason)


def __getattr__(name: str) -> Any:
    """Give ``CrawlerProcess``, which is built upon this module, where Scrapy has it."""
    if name == "CrawlerProcess":
        return importlib.import_module("framework.process").CrawlerProcess
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
