"""The address guard that lets everything pass."""

from __future__ import annotations

from framework.downloader.guard import AddressGuard, OpenGuard


def test_the_open_guard_lets_every_address_pass() -> None:
    guard: AddressGuard = OpenGuard()

    for address in ("127.0.0.1", "169.254.169.254", "::1"):
        guard.allow("a.test", address, 80)
