"""curl command lines, both ways."""

import shlex
import warnings

import pytest

from framework.http import FormRequest, Request


def test_a_plain_command_is_a_get() -> None:
    request = Request.from_curl("curl https://example.com/a?b=c")

    assert (request.method, request.url, request.body) == ("GET", "https://example.com/a?b=c", b"")
    assert not request.headers
    assert not request.cookies


def test_headers_and_cookies_are_taken_apart() -> None:
    request = Request.from_curl(
        "curl 'http://example.com/' -H 'Accept: text/html' -H 'Cookie: a=1; b=x=y' --cookie 'c=3' -A bot -e http://r/"
    )

    assert request.headers.to_unicode_dict() == {"Accept": "text/html", "User-Agent": "bot", "Referer": "http://r/"}
    assert request.cookies == {"a": "1", "b": "x=y", "c": "3"}


def test_data_makes_a_post_of_a_form() -> None:
    request = Request.from_curl(
        "curl example.com -d a=1 --data-raw '@b' --data-urlencode 'c=d e&f' --data-urlencode x/"
    )

    assert request.method == "POST"
    assert request.url == "http://example.com"
    assert request.body == b"a=1&@b&c=d%20e%26f&x%2F"
    assert request.headers["Content-Type"] == b"application/x-www-form-urlencoded"


def test_a_content_type_of_the_command_stays() -> None:
    request = Request.from_curl("curl http://h/ -d '{}' -H 'content-type: application/json'")

    assert request.headers.getlist("Content-Type") == [b"application/json"]


def test_json_brings_its_headers() -> None:
    request = Request.from_curl("""curl http://h/ --json '{"a":' --json '1}'""")

    assert request.body == b'{"a":1}'
    assert request.headers["Accept"] == b"application/json"
    assert Request.from_curl("curl http://h/ --json 1 -H 'Accept: x'").headers["Accept"] == b"x"


@pytest.mark.parametrize(
    ("options", "method"), [("-X PATCH", "PATCH"), ("--request put -d a", "PUT"), ("-I", "HEAD"), ("-G -d a=1", "GET")]
)
def test_the_method_follows_the_options(options: str, method: str) -> None:
    assert Request.from_curl(f"curl {options} http://h/").method == method


def test_data_goes_into_the_url_when_asked_to() -> None:
    assert Request.from_curl("curl -G http://h/?x=1 -d a=1 -d b=2").url == "http://h/?x=1&a=1&b=2"
    assert Request.from_curl("curl --get --url http://h/ -d a=1").url == "http://h/?a=1"


def test_a_user_becomes_an_authorization() -> None:
    assert Request.from_curl("curl -u user:pass http://h/").headers["Authorization"] == b"Basic dXNlcjpwYXNz"
    assert Request.from_curl("curl -u user http://h/").headers["Authorization"] == b"Basic dXNlcjo="


def test_ansi_quotes_are_read_as_bash_reads_them() -> None:
    command = r"""curl http://h/ --data-raw $'a\'b\n\u00fc\x41\101\q' -H 'X: price$' -H "Y: $'z'" -H Z:\ 1"""

    request = Request.from_curl(command)

    assert request.body == "a'b\nüAAq".encode()
    assert request.headers.to_unicode_dict()["X"] == "price$"
    assert request.headers.to_unicode_dict()["Y"] == "$'z'"
    assert request.headers.to_unicode_dict()["Z"] == "1"


def test_a_command_of_several_lines_is_one() -> None:
    request = Request.from_curl("curl 'http://h/' \\\n  -H 'A: 1' \\\n  --compressed -sSL -o out")

    assert request.headers["A"] == b"1"


def test_unknown_options_are_warned_of_or_refused() -> None:
    with pytest.warns(UserWarning, match="--unheard-of"):
        request = Request.from_curl("curl http://h/ --unheard-of")
    assert request.url == "http://h/"
    with pytest.raises(ValueError, match="Unrecognized options: --unheard-of"):
        Request.from_curl("curl http://h/ --unheard-of", ignore_unknown_options=False)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("wget http://h/", 'must start with "curl"'),
        ("", 'must start with "curl"'),
        ("curl -H 'A: 1'", "no URL"),
        ("curl http://h/ -d @file", "reads its body from the file 'file'"),
        ("curl http://h/ -b cookies.txt", "a cookie file is not read"),
        ("curl http://h/ -X", "Cannot read this curl command"),
    ],
)
def test_what_is_no_usable_command_is_refused(command: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Request.from_curl(command)


def test_arguments_win_over_the_command_and_the_class_is_kept() -> None:
    request = FormRequest.from_curl("curl http://h/ -X PUT", method="GET", meta={"a": 1})

    assert type(request) is FormRequest
    assert request.method == "GET"
    assert request.meta == {"a": 1}


@pytest.mark.parametrize(
    "request_",
    [
        Request("http://h/a?b=c&d"),
        Request("http://h/", method="POST", body="it's ü\n2", headers={"A": ["1", "2"], "Content-Type": "x"}),
        Request("http://h/", method="PUT", body=b"plain", headers={"Content-Type": "x"}, cookies={"a": "1", "b": b"2"}),
    ],
)
def test_a_request_written_as_command_reads_as_the_same_request(request_: Request) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = Request.from_curl(request_.to_curl())

    assert (again.method, again.url, again.headers) == (request_.method, request_.url, request_.headers)
    assert {name: str(value) for name, value in again.cookies.items()} == {  # type: ignore[union-attr]
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in request_.cookies.items()  # type: ignore[union-attr]
    }


def test_a_body_of_bytes_is_written_in_escapes() -> None:
    command = Request("http://h/", method="POST", body=b"\xff\x00'").to_curl()

    assert r"$'\xff\x00\x27'" in command


def test_cookies_of_a_list_are_written_too() -> None:
    command = Request("http://h/", cookies=[{"name": "a", "value": "1;2", "domain": "h"}, {"value": "x"}]).to_curl()

    assert shlex.split(command)[-1] == "a=1%3B2"
