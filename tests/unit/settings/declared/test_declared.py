"""Every declared option is complete and consistent."""

import pytest

from framework.settings import Settings, builtin_catalogue, declared, group_of
from framework.settings.declared import GROUPS

OPTIONS = list(builtin_catalogue())


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_options_default_is_of_its_own_kind(option):
    option.read(option.default)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_has_a_doc_that_is_a_sentence(option):
    assert option.doc[0].isupper()
    assert option.doc.endswith(".")
    assert option.name.isupper()
    assert option.wants


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_default_survives_being_printed_as_text(option):
    default = option.default
    if isinstance(default, dict | list) or default is None:
        return

    assert option.read(str(default)) == option.read(default)


def test_a_time_has_its_unit_in_the_fields_name():
    times = [option for option in OPTIONS if option.unit == "s"]

    assert [option.name for option in times if not option.field.endswith("_s")] == []
    assert [o.name for o in OPTIONS if o.unit == "bytes" and not o.field.endswith("_bytes")] == []


def test_every_base_setting_has_the_users_setting_beside_it():
    names = {option.name for option in OPTIONS if isinstance(option.default, dict)}

    assert {name.removesuffix("_BASE") for name in names if name.endswith("_BASE")} <= names


def test_the_components_of_the_bare_framework_are_in_scrapys_order():
    paths = [path.rpartition(".")[2] for path in Settings().ordered_components("DOWNLOADER_MIDDLEWARES")]

    assert paths.index("RobotsTxtMiddleware") < paths.index("RetryMiddleware") < paths.index("RedirectMiddleware")
    assert paths[-1] == "DownloaderStats"


def test_every_group_is_exported():
    assert {cls.__name__ for cls in GROUPS} <= set(declared.__all__)
    assert all(group_of(cls).title for cls in GROUPS)
