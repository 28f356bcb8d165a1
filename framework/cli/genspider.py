"""``fwk genspider NAME URL``: make a new spider from a template."""

from __future__ import annotations

from pathlib import Path

import click

from framework.exceptions import UsageError
from framework.project.configuration import load_settings
from framework.project.discovery import Project, find_project
from framework.project.scaffold import make_spider, module_name, spider_templates
from framework.project.spiderloader import SpiderLoader
from framework.settings.declared import ProjectOptions
from framework.settings.loading import shown_path


@click.command("genspider")
@click.argument("name", required=False)
@click.argument("url", required=False)
@click.option("-t", "--template", default="basic", show_default=True, help="The template to use.")
@click.option("-l", "--list", "show_list", is_flag=True, help="List the templates.")
@click.option("--force", is_flag=True, help="Overwrite a spider of the same name.")
def command(name: str | None, url: str | None, template: str, *, show_list: bool, force: bool) -> None:
    """Make the spider NAME, which starts at URL (a URL or a domain), in this project."""
    if show_list:
        click.echo("\n".join(spider_templates()))
        return
    if name is None or url is None:
        msg = "genspider takes a name and a URL: fwk genspider books https://books.example"
        raise UsageError(msg)
    project = find_project()
    if project is None:
        root, module, hint = Path.cwd(), "", f"fwk runspider {module_name(name)}.py -O {name}.jsonl"
    else:
        options = load_settings(project).group(ProjectOptions)
        root, module, hint = project.root, options.newspider_module, f"fwk crawl {name} -O {name}.jsonl"
        _refuse_taken(name, project, is_forced=force)
    target = make_spider(name, url, template, module, root, force=force)
    click.echo(f"New spider {name!r} in {shown_path(target)}. Run it:\n\n    {hint}")


def _refuse_taken(name: str, project: Project, *, is_forced: bool) -> None:
    """Refuse a name that a spider in another file has."""
    settings = load_settings(project)
    # Spiders that cannot be imported are no reason not to make another one.
    settings.set("SPIDER_LOADER_WARN_ONLY", True, "cmdline")
    if not is_forced and name in SpiderLoader.from_settings(settings).list():
        msg = f"this project has a spider {name!r} already; choose another name, or --force"
        raise UsageError(msg)
