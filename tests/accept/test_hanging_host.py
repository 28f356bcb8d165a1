"""Acceptance line 4: a host that hangs costs the others next to nothing, and no host is asked earlier than it allows.

Judged by the shop's log. The crawls are bound by latency, not by the processor: what counts is who holds the slots.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.testing.shop import RequestLog, ThreadedShop

SPIDER = Path(__file__).with_name("spiders") / "hosts.py"
HOSTS = [f"127.0.0.{n}" for n in range(1, 101)]
PAGE = "/slow/0.2?n={n}"
SLOTS = ("-s", "CONCURRENT_REQUESTS=100", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "-s", "ROBOTSTXT_OBEY=False")


def pages_a_second(shop: ThreadedShop, folder: Path, pages: int, *, hangs: bool, limit_s: float) -> float:
    """Crawl the first 99 hosts, with or without the one that hangs, and say how many of their pages came a second."""
    shop.shop.forget()
    *others, hanging = shop.shop.urls
    command = [sys.executable, "-m", "framework", "runspider", str(SPIDER), "--new", "--nolog", *SLOTS]
    command += ["-a", f"urls={','.join(others)}", "-a", f"path={PAGE}", "-a", f"pages={pages}"]
    crawl = subprocess.Popen([*command, "-a", f"hanging={hanging}"] if hangs else command, cwd=folder)
    try:
        wanted, deadline_at = pages * len(others), time.monotonic() + limit_s
        ended: list[float] = []
        while len(ended) < wanted:
            assert time.monotonic() < deadline_at, f"{len(shop.log)} of {wanted} requests in {limit_s} s"
            if crawl.poll() is not None:
                assert len(shop.log) >= wanted, f"the crawl ended with exit code {crawl.returncode}"
            time.sleep(0.25)
            if len(shop.log) >= wanted:  # else it is too early to look closely
                name = hanging.removeprefix("http://")
                ended = [entry.ended_at for entry in shop.log if entry.host != name and entry.ended_at]
    finally:
        crawl.kill()  # with the hanging host it would wait on
        crawl.wait()
    assert len(ended) == wanted
    assert (0 < shop.log.count("/slow/30") <= 8) is hangs
    return wanted / (max(ended) - shop.log[0].monotonic_at)


@pytest.mark.timeout(1200)
def test_a_host_that_hangs_costs_the_other_99_next_to_nothing(full: bool, tmp_path: Path) -> None:
    pages, pairs, bound = (80, 5, 0.95) if full else (16, 1, 0.75)
    shares = []

    with ThreadedShop(books=1, hosts=HOSTS) as shop:
        for _ in range(pairs):
            without = pages_a_second(shop, tmp_path, pages, hangs=False, limit_s=120)
            with_it = pages_a_second(shop, tmp_path, pages, hangs=True, limit_s=120)
            shares.append(with_it / without)
            print(f"pages/s without the hanging host {without:.0f}, with it {with_it:.0f}: {shares[-1]:.3f}")

    assert statistics.median(shares) > bound, shares


Hosts = Callable[..., RequestLog]


@pytest.fixture
def crawl_hosts(fwk: Callable[..., object]) -> Hosts:
    def crawl(shop: ThreadedShop, path: str, pages: int, *settings: str) -> RequestLog:
        pairs = [part for setting in settings for part in ("-s", setting)]
        fwk("runspider", str(SPIDER), *SLOTS, *pairs, "-a", f"urls={','.join(shop.shop.urls)}", "-a", f"path={path}",
            "-a", f"pages={pages}")  # fmt: skip
        assert len(shop.log) == pages * len(shop.shop.urls)
        for entry in shop.log:
            entry.host = entry.host.partition(":")[0]
        return shop.log

    return crawl


def measured(measure: Callable[[], float], at_least: float, full: bool) -> float:
    """Measure; beside other tests up to four times, for a busy machine makes the shop note arrivals late.

    A crawl that sends too early does so each time.
    """
    found = measure()
    for _ in range(0 if full else 3):
        if found >= at_least:
            break
        found = measure()
    return found


@pytest.mark.timeout(300)
def test_no_request_is_sent_earlier_than_the_delay_of_its_host(full: bool, crawl_hosts: Hosts) -> None:
    delay_s, hosts, pages = 0.25, HOSTS[:20], 60 if full else 12
    logs = []

    def smallest_gap() -> float:
        with ThreadedShop(books=1, hosts=hosts) as shop:
            fixed = "RANDOMIZE_DOWNLOAD_DELAY=False"
            logs.append(crawl_hosts(shop, "/tiny/{n}", pages, f"DOWNLOAD_DELAY={delay_s}", fixed))
        return min(logs[-1].smallest_gap(host) for host in hosts)

    assert measured(smallest_gap, delay_s - 0.05, full) >= delay_s - 0.05
    log = logs[-1]
    took_s = max(entry.monotonic_at for entry in log) - log[0].monotonic_at
    assert took_s < delay_s * (pages - 1) * len(hosts) / 4  # the hosts waited beside each other, not for each other


@pytest.mark.timeout(300)
def test_a_random_delay_stays_within_half_and_one_and_a_half(full: bool, crawl_hosts: Hosts) -> None:
    gaps: list[float] = []

    def smallest_gap() -> float:
        with ThreadedShop(books=1, hosts=HOSTS[:20]) as shop:
            log = crawl_hosts(shop, "/tiny/{n}", 40 if full else 8, "DOWNLOAD_DELAY=0.3")
        gaps[:] = [gap for host in HOSTS[:20] for gap in log.between(host)]
        return min(gaps)

    assert measured(smallest_gap, 0.15 - 0.05, full) >= 0.15 - 0.05
    assert min(gaps) < 0.25  # it is random: by far not all are the delay or above it
    assert statistics.median(gaps) < 0.45


def test_no_host_gets_more_requests_at_once_than_it_allows(full: bool, crawl_hosts: Hosts) -> None:
    with ThreadedShop(books=1, hosts=HOSTS[:10]) as shop:
        log = crawl_hosts(shop, "/slow/0.1?n={n}", 60 if full else 12, "CONCURRENT_REQUESTS_PER_DOMAIN=3")

    assert {log.peak_concurrency(host) for host in HOSTS[:10]} == {3}


def test_a_host_of_its_own_rules_is_asked_by_them_and_the_others_are_not(full: bool, crawl_hosts: Hosts) -> None:
    with ThreadedShop(books=1, hosts=HOSTS[:4]) as shop:
        own = '{"127.0.0.1": {"delay": 0.2, "randomize_delay": false, "concurrency": 1}}'
        log = crawl_hosts(shop, "/slow/0.05?n={n}", 40 if full else 10, f"DOWNLOAD_SLOTS={own}")

    assert log.smallest_gap("127.0.0.1") >= 0.15
    assert log.peak_concurrency("127.0.0.1") == 1
    assert log.smallest_gap("127.0.0.2") < 0.04
