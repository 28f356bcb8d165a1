"""Options of the project: its name and where its spiders are."""

from __future__ import annotations

from ..options import group, option


@group("Project", "The project's name, where its spiders are, and which names of settings are yours.")
class ProjectOptions:
    """The project's name and where its spiders are."""

    bot_name: str = option(
        "BOT_NAME",
        default="fwk",
        doc="The project's name, for logs and for what `fwk startproject` and `fwk genspider` write. "
        "Scrapy's default is `scrapybot`.",
    )
    spider_modules: tuple[str, ...] = option(
        "SPIDER_MODULES",
        default=("spiders",),
        doc="Modules and packages, by dotted name, that are searched for spiders, their submodules included. "
        "Scrapy's default is an empty list.",
    )
    newspider_module: str = option(
        "NEWSPIDER_MODULE",
        default="spiders",
        doc="The package that `fwk genspider` writes a new spider into. Scrapy's default is empty.",
    )
    spider_loader_warn_only: bool = option(
        "SPIDER_LOADER_WARN_ONLY",
        default=False,
        doc="A spider module that cannot be imported gives a warning instead of an error; its spiders are missing.",
    )
    accept: tuple[str, ...] = option(
        "SETTINGS_ACCEPT",
        default=(),
        doc="Names of your own settings that are accepted although they look like a misspelling of a known one. "
        "Not in Scrapy, which accepts every name.",
    )
