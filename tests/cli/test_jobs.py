"""Jobs as their user meets them: the same command after a kill, a Ctrl-C and an end, and the commands on jobs."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

PAGES = 12
_SPIDER = f"""\
import pathlib

from framework import Request, Spider


class PagesSpider(Spider):
    name = "pages"
    custom_settings = {{"CONCURRENT_REQUESTS": 2, "CHECKPOINT_INTERVAL": 0.05, "RETRY_TIMES": 0}}

    async def start(self):
        for number in range({PAGES}):
            yield Request(f"{{self.url}}/slow/0.15?n={{number}}", cb_kwargs={{"n": number}})

    def parse(self, response, n):
        yield {{"n": n}}
        if n == 3 and pathlib.Path("broken").exists():
            raise ValueError("it is broken")
        if n == 3:
            yield {{"n": "3, second half"}}
"""
RENAMED = _SPIDER.replace("cb_kwargs", "callback=self.read, cb_kwargs").replace("def parse", "def read")
WHOLE = sorted([*map(str, range(PAGES)), "3, second half"])


@pytest.fixture
def pages(fwk, shop):
    """Write the spider; give the arguments of a crawl into ``items.jsonl``, and what begins one in the background."""
    fwk.write("pages.py", _SPIDER)
    shop.shop.robots_txt = None
    begun = []

    class Pages:
        arguments = ("runspider", "pages.py", "-a", f"url={shop.url}")

        def command(self, *more, output=("-o", "items.jsonl")):
            return (*self.arguments, *output, *more)

        def begin(self, *more, **options):
            begun.append(fwk.begin(*self.command(*more, **options)))
            return begun[-1]

        def run(self, *more, **options):
            return fwk(*self.command(*more, **options))

        def end_half_way(self, how, *more):
            """Begin a crawl and end it by a signal when some of its pages have come and are committed."""
            before = shop.log.count("/slow")
            process = self.begin(*more)
            wait_for(lambda: shop.log.count("/slow") >= before + 6)
            time.sleep(0.1)
            process.send_signal(how)
            process.communicate(timeout=20)
            assert process.returncode == (-9 if how == signal.SIGKILL else 0)
            assert 0 < len(items(fwk)) < len(WHOLE)

    yield Pages()
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition, patience_s=20.0):
    end_at = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_at, "it did not happen"
        time.sleep(0.01)


def items(fwk, name="items.jsonl"):
    path = fwk.folder / name
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return sorted(str(json.loads(line)["n"]) for line in lines)


def states(fwk):
    """Give the states of the jobs as ``fwk jobs`` shows them: name to state."""
    listed = fwk("jobs")
    assert listed.code == 0, listed.said
    return dict(re.findall(r"(pages-\d+) {2,}(\w+)", listed.out))


# -- the same command again ------------------------------------------------------------------------------------------


def test_a_killed_crawl_goes_on_when_the_same_command_is_given_and_says_so_first(fwk, shop, pages):
    pages.end_half_way(signal.SIGKILL)
    assert states(fwk) == {"pages-1": "killed"}
    shop.shop.forget()

    again = pages.run()

    assert again.code == 0, again.said
    assert items(fwk) == WHOLE
    assert "Continuing job pages-1" in again.err.splitlines()[0]
    assert "--new" in again.err.splitlines()[0]
    assert shop.log.count("/slow") < PAGES
    assert states(fwk) == {"pages-1": "ended"}


def test_a_crawl_that_got_sigterm_goes_on_too(fwk, shop, pages):
    pages.end_half_way(signal.SIGTERM)
    assert states(fwk) == {"pages-1": "interrupted"}

    again = pages.run()

    assert again.code == 0, again.said
    assert "Continuing job pages-1" in again.said
    assert items(fwk) == WHOLE


def test_a_file_that_is_to_be_written_anew_is_so_once_and_not_at_each_run(fwk, shop, pages):
    fwk.write("items.jsonl", '{"n": "of before"}\n')
    output = ("-O", "items.jsonl")
    process = pages.begin(output=output)
    wait_for(lambda: shop.log.count("/slow") >= 6)
    process.kill()
    process.wait()

    again = pages.run(output=output)

    assert again.code == 0, again.said
    assert items(fwk) == WHOLE


def test_after_ctrl_c_and_without_a_terminal_a_new_job_begins_and_tells_how_to_continue_the_old(fwk, shop, pages):
    pages.end_half_way(signal.SIGINT)
    first = items(fwk)
    assert states(fwk) == {"pages-1": "stopped"}

    again = pages.run()

    assert again.code == 0, again.said
    assert "pages-1" in again.said
    assert "fwk resume pages-1" in again.said
    assert items(fwk) == sorted(first + WHOLE)
    assert states(fwk) == {"pages-1": "abandoned", "pages-2": "ended"}

    rest = fwk("resume", "pages-1", "-o", "rest.jsonl")

    assert rest.code == 0, rest.said
    assert sorted(first + items(fwk, "rest.jsonl")) == WHOLE


@pytest.mark.parametrize(("answer", "goes_on"), [("y", True), ("n", False)])
def test_after_ctrl_c_on_a_terminal_it_asks(fwk, shop, pages, answer, goes_on):
    pages.end_half_way(signal.SIGINT)
    first = items(fwk)

    said = on_a_terminal(fwk, answer, *pages.command())

    assert "pages-1 was stopped by Ctrl-C" in said
    assert "Continue it?" in said
    assert items(fwk) == (WHOLE if goes_on else sorted(first + WHOLE))


def on_a_terminal(fwk, answer, *arguments):
    """Run the command on a terminal of its own, answer its question, and give what it said."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "framework", *arguments]
    environ = {**os.environ, "TERM": "dumb", "COLUMNS": "200"}
    process = subprocess.Popen(
        command, cwd=fwk.folder, env=environ, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    said = b""
    try:
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            said += piece
            if b"Continue it?" in said and answer:
                os.write(ours, f"{answer}\n".encode())
                answer = ""
        assert process.wait(20) == 0, said
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return said.decode(errors="replace")


def test_resume_beforehand_goes_on_after_ctrl_c(fwk, shop, pages):
    pages.end_half_way(signal.SIGINT)

    again = pages.run("--resume")

    assert again.code == 0, again.said
    assert items(fwk) == WHOLE


def test_resume_without_anything_to_resume_is_a_mistake(fwk, shop, pages):
    again = pages.run("--resume")

    assert again.code == 2, again.said
    assert "there is no job of this command to resume" in again.err
    assert not shop.log


def test_new_gives_up_what_was_killed_and_leaves_just_what_was_committed(fwk, shop, pages):
    pages.end_half_way(signal.SIGKILL)
    committed = json.loads(fwk("jobs", "--json").out)[0]["items"]
    lines = fwk.read("items.jsonl").splitlines()[:committed]
    with (fwk.folder / "items.jsonl").open("a") as file:
        file.write('{"n": "not committed"}\n{"n": "half a li')
    shop.shop.forget()

    again = pages.run("--new", output=("-o", "items.jsonl"))

    assert again.code == 0, again.said
    assert shop.log.count("/slow") == PAGES
    assert 0 < committed == len(lines)
    assert fwk.read("items.jsonl").splitlines()[:committed] == lines
    assert items(fwk) == sorted(WHOLE + [str(json.loads(line)["n"]) for line in lines])
    assert states(fwk) == {"pages-1": "abandoned", "pages-2": "ended"}


def _rename_the_callback(fwk):
    fwk.write("pages.py", _SPIDER)


def _damage_the_store(fwk):
    (fwk.folder / ".fwk/jobs/pages-1/frontier.db").write_text("not a database")


def _lose_the_output(fwk):
    (fwk.folder / "items.jsonl").unlink()


@pytest.mark.parametrize(
    ("harm", "refusal", "can_be_cut"),
    [
        (_rename_the_callback, "give the method back its name", True),
        (_damage_the_store, "frontier.db", False),
        (_lose_the_output, "items.jsonl", False),
    ],
)
def test_new_gives_up_a_job_that_cannot_be_gone_on_with(fwk, shop, pages, harm, refusal, can_be_cut):
    fwk.write("pages.py", RENAMED)
    pages.end_half_way(signal.SIGKILL)
    committed = json.loads(fwk("jobs", "--json").out)[0]["items"]
    harm(fwk)
    refused = pages.run()
    assert refused.code in (1, 2), refused.said
    assert refusal in refused.err
    assert states(fwk) in ({"pages-1": "failed"}, {"pages-1": "killed"})

    again = pages.run("--new")

    assert again.code == 0, again.said
    assert states(fwk) == {"pages-1": "abandoned", "pages-2": "ended"}
    assert ("note: the files of job pages-1 may end with items that were not committed" in again.err) is not can_be_cut
    if can_be_cut:
        assert len(items(fwk)) == committed + len(WHOLE)
    assert not [n for n in WHOLE if n not in items(fwk)]


def test_after_ctrl_c_another_seen_set_is_no_hindrance_for_a_new_job(fwk, shop, pages):
    pages.end_half_way(signal.SIGINT)
    first = items(fwk)

    again = pages.run("-s", "SEEN=bloom", "-s", "BLOOM_ENGINE=rbloom")

    assert again.code == 0, again.said
    assert "note:" not in again.err
    assert items(fwk) == sorted(first + WHOLE)


def test_a_command_that_has_ended_begins_anew(fwk, shop, pages):
    assert pages.run(output=("-O", "items.jsonl")).code == 0
    shop.shop.forget()

    again = pages.run(output=("-O", "items.jsonl"))

    assert again.code == 0, again.said
    assert shop.log.count("/slow") == PAGES
    assert items(fwk) == WHOLE


def test_a_limit_ends_a_job_and_fwk_resume_goes_on_after_it(fwk, shop, pages):
    limited = pages.run("-s", "CLOSESPIDER_PAGECOUNT=4")
    assert limited.code == 0, limited.said
    assert states(fwk) == {"pages-1": "ended"}
    assert len(items(fwk)) < len(WHOLE)

    rest = fwk("resume", "-s", "CLOSESPIDER_PAGECOUNT=0")

    assert rest.code == 0, rest.said
    assert items(fwk) == WHOLE


def test_failed_requests_that_were_not_stored_are_not_passed_over_in_silence(fwk, pages):
    fwk.write("broken", "")
    pages.run("-s", "FATES=off")

    again = fwk("retry", "pages-1")

    assert again.code == 0, again.said
    assert "0 failed requests to try again\n1 request has failed of which nothing is stored" in again.out


def test_a_field_that_is_no_longer_filled_is_told_in_a_jobdir_too_and_at_warning(fwk):
    fwk.write(
        "fields.py",
        """\
        import framework

        class FieldsSpider(framework.Spider):
            name = "fields"
            start_urls = ["data:,page"]

            def parse(self, response):
                for n in range(80):
                    yield {"n": n, "price": 3 if self.priced == "yes" else None}
        """,
    )
    command = ("runspider", "fields.py", "-s", "JOBDIR=crawl", "-L", "WARNING", "-O", "fields.jsonl")
    before = fwk(*command, "-a", "priced=yes")

    after = fwk(*command, "-a", "priced=no")

    assert (before.code, before.said) == (0, "")
    assert after.code == 0
    assert "WARNING: Crawl finished" in after.err
    assert "price" in after.err.splitlines()[-1]


def test_a_jobdir_goes_on_after_ctrl_c_as_in_scrapy(fwk, shop, pages):
    pages.end_half_way(signal.SIGINT, "-s", "JOBDIR=mine")

    again = pages.run("-s", "JOBDIR=mine")

    assert again.code == 0, again.said
    assert "Continuing job" in again.said
    assert items(fwk) == WHOLE


# -- killed between the job's end and the process's ------------------------------------------------------------------

_LINGERS = """

import atexit
import pathlib
import time


@atexit.register
def linger():
    if pathlib.Path("linger").exists():
        pathlib.Path("lingers").touch()
        time.sleep(60)
"""


@pytest.fixture
def kill_at_exit(fwk, pages):
    """Give what runs a crawl and kills its process when all is done and told, and only the interpreter has to end."""
    fwk.write("pages.py", _SPIDER + _LINGERS)

    def run(*more):
        fwk.write("linger", "")
        process = pages.begin(*more)
        wait_for((fwk.folder / "lingers").exists)
        process.kill()
        process.communicate()
        assert process.returncode == -9
        for name in ("linger", "lingers"):
            (fwk.folder / name).unlink()

    return run


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ((), "finished"),
        (("-s", "CLOSESPIDER_PAGECOUNT=4"), "closespider_pagecount"),
        (("-s", "CLOSESPIDER_PAGECOUNT=4", "-s", "JOBDIR=mine"), "closespider_pagecount"),
    ],
)
def test_a_job_whose_process_is_killed_when_all_is_done_is_not_begun_anew(fwk, shop, pages, kill_at_exit, more, reason):
    kill_at_exit(*more)
    whole = items(fwk)
    assert (whole == WHOLE) is (reason == "finished")
    assert states(fwk) == {"pages-1": "killed"}
    shop.shop.forget()

    again = pages.run(*more)

    assert again.code == 0, again.said
    assert again.err.splitlines() == [
        f"Job pages-1 had ended ({reason}) when its process was killed: nothing is left to do; --new starts afresh"
    ]
    assert items(fwk) == whole
    assert not shop.log
    assert states(fwk) == {"pages-1": "ended"}


def test_a_command_that_was_told_of_the_end_of_its_job_begins_anew(fwk, shop, pages, kill_at_exit):
    kill_at_exit()
    assert pages.run().code == 0

    again = pages.run()

    assert again.code == 0, again.said
    assert items(fwk) == sorted(WHOLE * 2)


def test_going_on_with_nothing_left_is_no_failure_though_requests_had_failed(fwk, shop, pages, kill_at_exit):
    pages.arguments = ("runspider", "pages.py", "-a", "url=http://127.0.0.1:1")
    kill_at_exit()

    again = pages.run("--resume")

    assert again.code == 0, again.said
    assert "Continuing job pages-1" in again.err
    assert states(fwk) == {"pages-1": "ended"}


def test_a_process_ends_as_python_ends_one(fwk, shop, pages):
    fwk.write(
        "pages.py",
        _SPIDER
        + """

import atexit
import pathlib
import threading
import time

kept = open("kept.txt", "w")
kept.write("not closed")
packed = open("kept.bin", "wb")
packed.write(b"not closed")


def late():
    time.sleep(1)
    pathlib.Path("late.txt").write_text("done")


def begin():
    threading.Thread(target=late).start()


atexit.register(pathlib.Path("atexit.txt").write_text, "done")
PagesSpider.closed = lambda self, reason: begin() or print("on the way out")
""",
    )

    ended = pages.run()

    assert ended.code == 0, ended.said
    assert "on the way out" in ended.out
    assert [fwk.read(name) for name in ("kept.txt", "kept.bin")] == ["not closed", "not closed"]
    assert [fwk.read(name) for name in ("late.txt", "atexit.txt")] == ["done", "done"]


def test_a_profiler_around_the_command_comes_to_its_end(fwk, shop, pages):
    command = [sys.executable, "-m", "cProfile", "-o", "profile", "-m", "framework", *pages.command("--nolog")]
    subprocess.run(command, cwd=fwk.folder, check=True, timeout=60, stdin=subprocess.DEVNULL)

    assert (fwk.folder / "profile").exists()
    assert items(fwk) == WHOLE
    assert states(fwk) == {"pages-1": "ended"}


# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_second_process_on_a_job_is_refused_by_name(fwk, shop, pages):
    process = pages.begin()
    wait_for(lambda: shop.log.count("/slow") >= 2)
    process.send_signal(signal.SIGSTOP)  # so that it is not through before the second has begun

    second = pages.run()

    process.send_signal(signal.SIGCONT)
    assert second.code in (1, 2), second.said
    assert "pages-1" in second.err
    assert str(process.pid) in second.err
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert items(fwk) == WHOLE


def test_a_file_of_another_unfinished_job_is_refused_by_name(fwk, shop, pages):
    pages.end_half_way(signal.SIGKILL)
    before = fwk.read("items.jsonl")

    other = pages.run("-a", "other=1")

    assert other.code == 2, other.said
    assert "items.jsonl belongs to job pages-1, which is killed" in other.err
    assert fwk.read("items.jsonl") == before


def test_a_callback_that_is_gone_is_a_named_refusal(fwk, shop, pages):
    fwk.write("pages.py", RENAMED)
    pages.end_half_way(signal.SIGKILL)
    fwk.write("pages.py", _SPIDER)

    again = pages.run()

    assert again.code in (1, 2), again.said
    assert "read" in again.err
    assert "Traceback" not in again.err

    fwk.write("pages.py", RENAMED)
    assert pages.run().code == 0
    assert items(fwk) == WHOLE


# -- commands on jobs ------------------------------------------------------------------------------------------------


def test_fwk_resume_goes_on_with_the_last_job_or_with_one_that_is_named(fwk, shop, pages):
    for name in ((), ("pages-2",)):
        (fwk.folder / "items.jsonl").unlink(missing_ok=True)
        pages.end_half_way(signal.SIGKILL)

        again = fwk("resume", *name)

        assert again.code == 0, again.said
        assert items(fwk) == WHOLE


def test_fwk_retry_does_the_failed_ones_again_and_doubles_no_item(fwk, shop, pages):
    fwk.write("broken", "")
    pages.run()
    assert items(fwk) == sorted(set(WHOLE) - {"3, second half"})
    (fwk.folder / "broken").unlink()
    shop.shop.forget()

    again = fwk("retry", "pages-1")

    assert again.code == 0, again.said
    assert items(fwk) == WHOLE
    assert shop.log.count("/slow") == 1


def test_fwk_jobs_tells_pages_pending_and_items_and_rm_removes(fwk, shop, pages):
    pages.end_half_way(signal.SIGKILL)

    listed = fwk("jobs")

    (facts,) = json.loads(fwk("jobs", "--json").out)
    assert 0 < facts["pages"] < PAGES
    assert facts["pages"] + facts["pending"] == PAGES
    assert facts["items"] >= facts["pages"]
    row = next(line for line in listed.out.splitlines() if "pages-1" in line).split()
    assert {"killed", str(facts["pages"]), str(facts["pending"]), str(facts["items"])} <= set(row)
    assert fwk("jobs", "rm", "pages-1").code == 0
    assert states(fwk) == {}
    assert pages.run("--resume").code == 2
