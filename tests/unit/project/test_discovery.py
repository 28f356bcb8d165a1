from __future__ import annotations

import sys

import pytest

from framework.exceptions import SettingsError, UsageError
from framework.project.discovery import find_project, the_project


def test_a_section_of_setup_cfg_makes_a_project(tmp_path):
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = x\n[fwk]\nname = shop\nsettings = conf.prod\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/prod.py").write_text("")

    project = find_project(tmp_path)

    assert project is not None
    assert (project.root, project.name) == (tmp_path, "shop")
    assert project.settings_file == tmp_path / "conf/prod.py"


def test_settings_beside_spiders_make_one_too(tmp_path):
    (tmp_path / "settings.py").write_text("")
    assert find_project(tmp_path) is None

    (tmp_path / "spiders").mkdir()
    project = find_project(tmp_path)

    assert project is not None
    assert project.name == tmp_path.name


def test_the_search_goes_upwards(tmp_path):
    (tmp_path / "setup.cfg").write_text("[fwk]\n")
    (tmp_path / "settings.py").write_text("")
    below = tmp_path / "spiders" / "books"
    below.mkdir(parents=True)
    (below / "setup.cfg").write_text("[metadata]\nname = other\n")

    assert the_project(below).root == tmp_path


def test_settings_that_are_not_there_are_told(tmp_path):
    (tmp_path / "setup.cfg").write_text("[fwk]\nsettings = conf\n")

    with pytest.raises(SettingsError, match=r"setup\.cfg: \[fwk\] settings = 'conf', but there is no .*conf\.py"):
        find_project(tmp_path)


@pytest.mark.parametrize("content", [b"fwk\n", b"[fwk]\nname = \xff\n"])
def test_a_setup_cfg_that_cannot_be_read_is_told(tmp_path, content):
    (tmp_path / "setup.cfg").write_bytes(content)

    with pytest.raises(SettingsError, match=r"setup\.cfg cannot be read: "):
        find_project(tmp_path)


def test_no_project_is_told_with_the_folder(tmp_path):
    with pytest.raises(UsageError, match=r"is in no project .*fwk startproject NAME"):
        the_project(tmp_path)


def test_a_project_is_put_on_the_path_once_and_first(tmp_path, monkeypatch):
    (tmp_path / "setup.cfg").write_text("[fwk]\n")
    (tmp_path / "settings.py").write_text("")
    monkeypatch.setattr(sys, "path", ["elsewhere"])
    project = the_project(tmp_path)

    project.put_on_path()
    project.put_on_path()

    assert sys.path == [str(tmp_path), "elsewhere"]
