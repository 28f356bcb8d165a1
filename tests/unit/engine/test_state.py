"""What a checkpoint stores beside finished visits comes back, and what cannot be stored is told of once."""

import json
import logging
from types import SimpleNamespace

from framework.engine.state import KeptState
from framework.exceptions import CrawlError
from framework.protocols import Resume


def dump(value):
    try:
        return json.dumps(value).encode()
    except TypeError as error:
        raise CrawlError(str(error)) from error


class Counts:
    def __init__(self):
        self.seen = 0

    def snapshot(self):
        return {"seen": self.seen}

    def restore(self, snapshot):
        self.seen = snapshot["seen"]


def kept(spider, *components):
    return KeptState(spider, components, dump, json.loads)


def test_state_and_components_come_back():
    counts, spider = Counts(), SimpleNamespace(state={"page": 3, "names": ["a"]})
    counts.seen = 5
    snapshot = kept(spider, object(), counts).snapshot()

    later, again = Counts(), SimpleNamespace()
    kept(again, later).restore(Resume(is_resumed=True, **snapshot))

    assert again.state == {"page": 3, "names": ["a"]}
    assert later.seen == 5


def test_a_snapshot_is_detached_from_what_goes_on_changing():
    spider = SimpleNamespace(state={"names": ["a"]})
    state = kept(spider)
    snapshot = state.snapshot()

    spider.state["names"].append("b")
    state.restore(Resume(**snapshot))

    assert spider.state == {"names": ["a"]}


def test_a_component_is_asked_again_when_its_revision_is_another():
    class Large(Counts):
        snapshot_revision = 1
        asked = 0

        def snapshot(self):
            self.asked += 1
            return super().snapshot()

    large, small = Large(), Counts()
    state = kept(SimpleNamespace(state={}), large, small)
    before = state.snapshot()
    large.seen = small.seen = 5

    same = state.snapshot()
    large.snapshot_revision = 2
    changed = state.snapshot()

    path, other = before["components"]
    assert [taken["components"][path] for taken in (before, same, changed)] == [
        b'{"seen": 0}', b'{"seen": 0}', b'{"seen": 5}',
    ]  # fmt: skip
    assert same["components"][other] == b'{"seen": 5}'
    assert large.asked == 2


def test_what_cannot_be_stored_is_left_out_and_told_of_once(caplog):
    spider = SimpleNamespace(state={"session": object(), 1: "x", "page": 3})
    state = kept(spider)

    with caplog.at_level(logging.WARNING):
        first, second = state.snapshot(), state.snapshot()

    assert first == second == {"state": {"page": b"3"}, "components": {}}
    told = [record.getMessage().partition(" cannot")[0] for record in caplog.records]
    assert told == ["spider.state['session']", "spider.state[1]"]


def test_a_component_that_is_gone_is_passed_over_and_a_state_that_is_no_dictionary_is_not_kept():
    spider = SimpleNamespace(state=None)
    state = kept(spider)

    state.restore(Resume(components={"gone.Component": b"1"}))
    spider.state = 5

    assert state.snapshot() == {"state": {}, "components": {}}


def test_a_state_that_is_no_dict_is_told_of_once(caplog):
    spider = SimpleNamespace(state=["page 3"])
    state = kept(spider)

    with caplog.at_level(logging.WARNING):
        assert [state.snapshot()["state"], state.snapshot()["state"]] == [{}, {}]

    (record,) = caplog.records
    assert record.getMessage().startswith("spider.state cannot be stored")
    assert "it is a list" in record.getMessage()
    spider.state = None
    assert kept(spider).snapshot()["state"] == {}
