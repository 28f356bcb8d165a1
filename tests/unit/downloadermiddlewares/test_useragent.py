from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.useragent import UserAgentMiddleware
from framework.exceptions import NotConfigured
from framework.http import Request


def agent_of(crawler: Any, **kwargs: Any) -> bytes | None:
    request = Request("http://a.example/", **kwargs)
    UserAgentMiddleware.from_crawler(crawler).process_request(request)
    return request.headers["User-Agent"]


def test_the_setting_names_the_agent(make_crawler: Any) -> None:
    assert agent_of(make_crawler({"USER_AGENT": "books/1.0"})) == b"books/1.0"


def test_the_spiders_agent_goes_before_the_setting(make_crawler: Any) -> None:
    assert agent_of(make_crawler({"USER_AGENT": "books/1.0"}, user_agent="mine/2.0")) == b"mine/2.0"


def test_the_requests_own_agent_goes_before_both(make_crawler: Any) -> None:
    assert agent_of(make_crawler(user_agent="mine/2.0"), headers={"user-agent": "this/3.0"}) == b"this/3.0"


def test_it_is_left_out_when_nobody_names_an_agent(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        UserAgentMiddleware.from_crawler(make_crawler({"USER_AGENT": ""}))
