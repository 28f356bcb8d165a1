from io import BytesIO
from struct import pack
from zlib import crc32

import pytest

from framework.frontier.seen import DamagedFilter, OtherEngine
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.series import BloomSeries
from framework.frontier.seen.stored import (
    MAGIC,
    FilterRecord,
    Header,
    Snapshot,
    read_filters,
    read_header,
)


def file_of(*records, filters=None):
    file = BytesIO()
    Snapshot(Header("rbloom", 1e-6, 5, len(records)), [lambda r=record: r for record in records]).write_to(file)
    file.seek(0)
    return file


def test_a_file_gives_back_what_was_written():
    records = [FilterRecord(10, 0.5, 3, b"abc"), FilterRecord(30, 0.25, 0, b"")]
    file = file_of(*records)

    header = read_header(file)

    assert header == Header("rbloom", 1e-6, 5, 2)
    assert list(read_filters(file, header)) == records


def test_a_newer_version_is_refused_by_name():
    head = pack("<8sH8sdqH", MAGIC, 2, b"rbloom", 1e-6, 5, 0)

    with pytest.raises(DamagedFilter, match="version 2"):
        read_header(BytesIO(head + pack("<I", crc32(head))))


def test_a_length_that_is_beyond_reason_asks_for_no_memory():
    file = file_of()
    data = file.getvalue() + pack("<QdQQ", 1, 0.5, 1, 1 << 62) + pack("<I", 0)

    with pytest.raises(DamagedFilter, match="part 1 of 1"):
        list(read_filters(BytesIO(data[file.getbuffer().nbytes :]), Header("rbloom", 1e-6, 5, 1)))


@pytest.mark.parametrize("library", [Pybloom(), Rbloom(is_stored=True)], ids=["pybloom", "rbloom"])
def test_bits_that_this_version_of_the_library_would_not_have_are_refused_by_name(library):
    file = BytesIO()
    record = FilterRecord(1000, 0.01, 5, b"too short")
    Snapshot(Header(library.name, 1e-6, 5, 1), [lambda: record]).write_to(file)
    file.seek(0)

    with pytest.raises(DamagedFilter, match=f"this version of {library.name}"):
        BloomSeries(library, 0.01).restore_from(file)


def test_a_seen_set_that_needs_no_filter_refuses_the_one_of_another_setting():
    with pytest.raises(OtherEngine, match="set SEEN = 'bloom' again"):
        ExactSeen().restore(b"")
