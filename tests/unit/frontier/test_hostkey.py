"""The unit of politeness that a request belongs to."""

import pytest

from framework.frontier.hostkey import host_key
from framework.http import Request


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://Shop.Example/a/b", "shop.example"),
        ("https://shop.example:8443/a", "shop.example"),
        ("http://user:pass@shop.example/a", "shop.example"),
        ("http://[::1]:80/a", "::1"),
        ("http://shop.example?q=1/2", "shop.example"),
        ("data:,hello", ""),
        ("file:///tmp/a", ""),
    ],
)
def test_the_host_is_the_urls_name_in_lower_case_without_port_and_user(url, key):
    assert host_key(Request(url)) == key


def test_a_url_without_a_path_has_a_host_too():
    class Bare(Request):
        url = "http://shop.example"

    class BareWithUser(Request):
        url = "http://user@shop.example"

    assert host_key(Bare("http://shop.example/")) == "shop.example"
    assert host_key(BareWithUser("http://shop.example/")) == "shop.example"


def test_a_url_that_cannot_be_understood_belongs_to_no_host():
    class Broken(Request):
        url = "http://[::1/a"

    assert host_key(Broken("http://shop.example/")) == ""


def test_download_slot_names_another_host():
    assert host_key(Request("http://shop.example/", meta={"download_slot": 7})) == "7"
    assert host_key(Request("http://shop.example/", meta={"download_slot": None})) == "shop.example"
