"""The settings of a command: all layers put together.

Place in the flow: a command calls ``load_settings`` once. The layers, lowest first: defaults, installed plugins, the
project's ``settings.py``, (the spider's ``custom_settings``, added by the ``Crawler``), the environment (``FWK_*``),
the command line (``-s``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from framework.settings import Settings
from framework.settings.loading import layer_from_environment, layer_from_file, layer_from_pairs

from .discovery import Project
from .plugins import load_plugins


def load_settings(
    project: Project | None, pairs: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of a project, or the defaults outside of one, with those of environment and command line.

    Args:
        project: whose ``settings.py`` is read; its folder is put on the import path.
        pairs: ``NAME=VALUE`` as given with ``-s``.
        environ: the environment; ``os.environ`` when not given.

    Raises:
        SettingsError: ``settings.py`` cannot be run, or a pair is none.
        PluginError: an installed plugin cannot be loaded.
    """
    settings = Settings()
    load_plugins(settings)
    if project is not None:
        project.put_on_path()
        if project.settings_file is not None:
            settings.apply(layer_from_file(project.settings_file))
    settings.apply(layer_from_environment(os.environ if environ is None else environ))
    settings.apply(layer_from_pairs(pairs))
    return settings
