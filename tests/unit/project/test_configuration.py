from __future__ import annotations

import sys

import pytest

from framework.project.configuration import load_settings
from framework.project.discovery import Project


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "settings.py").write_text("RETRY_TIMES = 1\nDOWNLOAD_DELAY = 1\nLOG_LEVEL = 'INFO'\n")
    return Project(tmp_path, tmp_path / "settings.py", "shop")


def test_the_stronger_layer_wins(project):
    environ = {"FWK_DOWNLOAD_DELAY": "2", "FWK_LOG_LEVEL": "ERROR", "HOME": "/"}

    settings = load_settings(project, ["LOG_LEVEL=DEBUG"], environ)

    assert settings.getint("RETRY_TIMES") == 1
    assert settings.getint("DOWNLOAD_DELAY") == 2
    assert settings["LOG_LEVEL"] == "DEBUG"
    assert settings.getint("CONCURRENT_REQUESTS") == 16


def test_outside_of_a_project_there_are_the_other_layers(monkeypatch):
    monkeypatch.setenv("FWK_RETRY_TIMES", "7")

    assert load_settings(None).getint("RETRY_TIMES") == 7
    assert load_settings(None, ["RETRY_TIMES=8"]).getint("RETRY_TIMES") == 8


def test_a_project_without_settings_is_put_on_the_path_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))

    load_settings(Project(tmp_path, None, "bare"), environ={})

    assert sys.path[0] == str(tmp_path)
