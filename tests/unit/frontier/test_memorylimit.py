"""How much memory a crawl may use, and what that means for its backlog."""

import pytest

from framework.frontier.memorylimit import DEFAULT_LIMIT_BYTES, MB, in_memory_max, memory_limit_bytes


def test_the_setting_goes_before_the_container(tmp_path):
    (tmp_path / "memory.max").write_text("300000000\n")

    assert memory_limit_bytes(512, [tmp_path / "memory.max"]) == 512 * MB


@pytest.mark.parametrize(
    ("files", "limit_bytes"),
    [
        ({"memory.max": "300000000\n"}, 300_000_000),
        ({"memory.max": "max\n", "memory.limit_in_bytes": "200000000\n"}, 200_000_000),
        ({"memory.limit_in_bytes": "9223372036854771712\n"}, DEFAULT_LIMIT_BYTES),
        ({}, DEFAULT_LIMIT_BYTES),
    ],
)
def test_the_containers_limit_is_read_in_either_version(tmp_path, files, limit_bytes):
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert memory_limit_bytes(None, [tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"]) == limit_bytes


def test_more_memory_holds_more_requests_between_bounds():
    few, some, many = in_memory_max(64 * MB), in_memory_max(512 * MB), in_memory_max(64_000 * MB)

    assert 0 < few < some < many == 100_000
