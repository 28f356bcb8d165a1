import pytest

from framework.exceptions import SettingsError
from framework.frontier.seen import NEW, make_seen
from framework.settings.declared.durability import DurabilityOptions


def options(**values):
    return DurabilityOptions(**values)


@pytest.mark.parametrize("mode", ["bloom+verify", "bloom", "exact"])
def test_each_mode_of_the_setting_has_its_seen_set(mode):
    seen = make_seen(options(seen=mode))

    assert seen.stats()["seen/mode"] == mode
    assert seen.check(1) == NEW


@pytest.mark.parametrize("mode", ["bloom+verify", "bloom"])
@pytest.mark.parametrize(
    ("setting", "is_installed", "engine"),
    [("auto", True, "rbloom"), ("auto", False, "pybloom"), ("pybloom", True, "pybloom"), ("rbloom", True, "rbloom")],
)
def test_the_engine_is_the_one_asked_for_and_auto_takes_rbloom_where_it_is_installed(
    mode, setting, is_installed, engine
):
    seen = make_seen(options(seen=mode, bloom_engine=setting), has_rbloom=lambda: is_installed)

    assert seen.stats()["seen/engine"] == engine


def test_auto_knows_by_itself_whether_rbloom_is_installed():
    assert make_seen(options()).stats()["seen/engine"] == "rbloom"


def test_rbloom_asked_for_and_not_installed_is_a_wrong_setting_with_its_remedy():
    with pytest.raises(SettingsError, match=r"BLOOM_ENGINE = 'rbloom', but .* pip install rbloom"):
        make_seen(options(bloom_engine="rbloom"), has_rbloom=lambda: False)


def test_auto_stays_with_the_engine_that_wrote_the_jobs_filter():
    seen = make_seen(options(seen="bloom"), stored_engine="pybloom")

    assert seen.stats()["seen/engine"] == "pybloom"


def test_a_filter_of_rbloom_needs_rbloom():
    with pytest.raises(SettingsError, match="stored filter was written by rbloom"):
        make_seen(options(seen="bloom"), stored_engine="rbloom", has_rbloom=lambda: False)


def test_a_seen_set_that_comes_from_the_store_takes_the_fastest_engine_again():
    assert make_seen(options(), stored_engine="pybloom").stats()["seen/engine"] == "rbloom"


def test_the_error_rate_is_the_settings_where_nobody_verifies():
    tight, wide = (make_seen(options(seen="bloom", bloom_error_rate=rate)) for rate in (1e-9, 0.1))
    for seen in (tight, wide):
        seen.committed([1])

    assert tight.stats()["seen/filter_bytes"] > 3 * wide.stats()["seen/filter_bytes"]


def test_the_recent_ones_are_as_many_as_the_caller_allows():
    seen = make_seen(options(), recent_max=10)
    seen.load(range(100))
    for identity in range(100):
        seen.confirm(identity)

    assert sum(seen.check(identity) == 1 for identity in range(100)) <= 20
