from __future__ import annotations

import pytest

from framework import Spider
from framework.exceptions import StoredError
from framework.http import FormRequest, Request
from framework.http.stored import Glance, StoredForm, glance


class GlanceSpider(Spider):
    name = "glance"

    def parse_page(self, response):
        return None


def test_a_stored_request_is_described_without_its_spider():
    spider = GlanceSpider()
    form = StoredForm(spider)

    plain = form.dump(Request("http://a/x", spider.parse_page, priority=-3))
    special = form.dump(FormRequest("http://a/y", formdata={"a": "1"}, meta={"when": (1, 2)}, dont_filter=True))

    assert glance(plain) == Glance("http://a/x", "GET", "parse_page", -3, False)
    assert glance(special) == Glance("http://a/y", "POST", None, 0, True)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x92\x01\x02"])
def test_what_is_no_stored_request_is_refused(data):
    with pytest.raises(StoredError, match="cannot be read"):
        glance(data)
