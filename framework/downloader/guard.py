"""The address guard's place: every connection asks it, with the address that will really be connected to.

Place in the flow: the connector (``connector.py``) resolves a host, hands each address to the guard, and connects to
those that pass, by number; nothing is resolved a second time in between, so an answer cannot change after the check.
"""

from __future__ import annotations

from typing import Protocol


class AddressGuard(Protocol):
    """Decides which addresses may be connected to."""

    def allow(self, host: str, address: str, port: int) -> None:
        """Let a connection pass; called for each address of each new connection, never blocks.

        Args:
            host: the name (or literal address) in the URL, in ASCII.
            address: the IP address in canonical form that the name resolved to.
            port: the TCP port.

        Raises:
            ForbiddenAddressError: this address may not be connected to; the others of the host are asked about too.
        """
        ...


class OpenGuard:
    """A guard that lets every address pass: for crawls of servers that their user trusts."""

    def allow(self, host: str, address: str, port: int) -> None:
        """Let it pass."""
