"""The store: priorities, origins, copies, freezing; Scrapy's ``BaseSettings``."""

from types import ModuleType

import pytest

from framework.exceptions import SettingsError
from framework.settings import BaseSettings


def test_a_value_replaces_only_one_of_lower_or_equal_priority():
    settings = BaseSettings()

    settings.set("A", 1, "spider")
    settings.set("A", 2, "project")
    assert settings["A"] == 1

    settings.set("A", 3, "spider")
    assert settings["A"] == 3

    settings.set("A", 4, 35)
    assert (settings["A"], settings.getpriority("A")) == (4, 35)


def test_an_unknown_name_reads_as_none_and_is_not_contained():
    settings = BaseSettings({"A": 1})

    assert settings["B"] is None
    assert settings.get("B", 5) == 5
    assert "B" not in settings
    assert settings.getpriority("B") is None
    assert settings.origin("B") is None


def test_it_is_a_mapping():
    settings = BaseSettings({"A": 1, "B": None})

    assert dict(settings.items()) == {"A": 1, "B": None}
    assert len(settings) == 2
    assert list(settings) == ["A", "B"]
    assert settings == {"A": 1, "B": None}
    assert settings != {"A": 2}
    assert settings != 3
    assert settings.get("B", 7) == 7
    assert repr(settings) == "<BaseSettings 2 values>"


def test_assigning_means_project_priority():
    settings = BaseSettings()

    settings["A"] = 1

    assert settings.getpriority("A") == 20
    assert settings.origin("A").layer == "project"


def test_setdefault_sets_what_nobody_has_set():
    settings = BaseSettings({"A": 1})

    assert settings.setdefault("A", 2) == 1
    assert settings.setdefault("B", 2, "addon") == 2
    assert settings.getpriority("B") == 15


def test_many_values_come_from_a_mapping_from_pairs_or_from_json():
    settings = BaseSettings('{"A": 1}')
    settings.update([("B", 2)], "spider")
    settings.setdict({"C": 3}, "cmdline")

    assert settings.copy_to_dict() == {"A": 1, "B": 2, "C": 3}
    assert settings.maxpriority() == 40
    assert BaseSettings().maxpriority() == 0


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_text_that_is_no_json_object_is_refused(text):
    with pytest.raises(SettingsError, match="must be a JSON object"):
        BaseSettings(text)


def test_other_settings_keep_priority_and_origin_of_each_value():
    source = BaseSettings()
    source.set("A", 1, "cmdline", "command line -s A")

    settings = BaseSettings({"A": 0, "B": 0})
    settings.update(source, "default")

    assert settings["A"] == 1
    assert (settings.getpriority("A"), settings.origin("A").place) == (40, "command line -s A")


def test_a_module_gives_its_upper_case_names():
    module = ModuleType("m")
    module.A, module.b, module.Cc = 1, 2, 3
    settings = BaseSettings()

    settings.setmodule(module)
    settings.setmodule("string", "addon")

    assert settings["A"] == 1
    assert "b" not in settings
    assert "Cc" not in settings


def test_deleting_respects_priority():
    settings = BaseSettings({"A": 1}, "spider")

    settings.delete("A")
    assert "A" in settings

    settings.delete("A", "cmdline")
    settings.delete("MISSING")
    assert "A" not in settings


def test_pop_and_del_remove_whatever_the_priority():
    settings = BaseSettings({"A": 1, "B": 2}, "cmdline")

    assert settings.pop("A") == 1
    assert settings.pop("A", None) is None
    with pytest.raises(KeyError):
        settings.pop("A")

    del settings["B"]
    with pytest.raises(KeyError):
        del settings["B"]


def test_a_copy_shares_no_container():
    settings = BaseSettings({"L": [1], "N": BaseSettings({"x": [1]})})

    other = settings.copy()
    other["L"].append(2)
    other["N"]["y"] = 2
    other["A"] = 1

    assert settings["L"] == [1]
    assert "y" not in settings["N"]
    assert "A" not in settings
    assert settings.copy_to_dict() == {"L": [1], "N": {"x": [1]}}


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.set("A", 2),
        lambda s: s.update({"A": 2}),
        lambda s: s.update({}),
        lambda s: s.delete("A"),
        lambda s: s.pop("A"),
        lambda s: s.__delitem__("A"),
        lambda s: s.setmodule("string"),
        lambda s: s.add_to_list("L", 2),
    ],
)
def test_frozen_settings_refuse_every_change(change):
    settings = BaseSettings({"A": 1, "L": [1]})
    settings.freeze()

    with pytest.raises(TypeError, match="frozen"):
        change(settings)
    assert settings.copy_to_dict() == {"A": 1, "L": [1]}
    assert "frozen" in repr(settings)


def test_a_frozen_copy_leaves_the_original_open_and_a_copy_of_it_is_open_again():
    settings = BaseSettings({"A": 1})

    frozen = settings.frozencopy()
    settings["A"] = 2
    again = frozen.copy()
    again["A"] = 3

    assert (frozen["A"], frozen.frozen, again["A"]) == (1, True, 3)


def test_the_attributes_of_the_documentation_are_there():
    settings = BaseSettings({"A": 1})

    assert list(settings.attributes.keys()) == ["A"]
    assert (settings.attributes["A"].value, settings.attributes["A"].priority) == (1, 20)


def test_settings_are_no_key():
    with pytest.raises(TypeError):
        hash(BaseSettings())
