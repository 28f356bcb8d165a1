"""What the acceptance tests share: the size they run at, and ``fwk`` as a user runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

Fwk = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def full() -> bool:
    """Say whether this is ``make accept``; otherwise the same code runs at a small size."""
    return os.environ.get("ACCEPT") == "full"


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the folder of this checkout."""
    return REPOSITORY


@pytest.fixture
def fwk(tmp_path: Path) -> Fwk:
    """Run the command in an empty folder; an exit code other than ``code`` fails the test with the log."""

    def run(
        *arguments: str, code: int = 0, cwd: Path = tmp_path, timeout: float = 50
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "framework", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "was destroyed" not in done.stderr
        assert "Unclosed" not in done.stderr
        return done

    return run
