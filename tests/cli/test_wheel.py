"""The wheel alone, in an empty environment outside of the checkout: what a stranger installs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PYTHON = "Scripts/python.exe" if os.name == "nt" else "bin/python"


def run(*args, folder):
    done = subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel from a copy of the sources, install it with what it needs, and return the environment's bin."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("framework", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), ".", folder=copy)
    environment = folder / "env"
    venv.create(environment, with_pip=True)
    wheel = next(folder.glob("fwk-*.whl"))
    python = environment / _PYTHON
    run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel), folder=folder)
    return python.parent


@pytest.mark.timeout(600)
def test_a_stranger_crawls_with_the_wheel_alone(installed, tmp_path):
    fwk = str(installed / "fwk")
    shop = subprocess.Popen([fwk, "shop", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert shop.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", shop.stdout.readline())
        assert found is not None
        run(fwk, "startproject", "x", folder=tmp_path)
        project = tmp_path / "x"
        run(fwk, "genspider", "a", found[0], folder=project)
        run(fwk, "crawl", "a", "-o", "a.jsonl", folder=project)
        assert (project / "a.jsonl").read_text().count("\n") >= 1
        run(str(installed / "python"), "-m", "unittest", folder=project)
        where = run(str(installed / "python"), "-c", "import framework; print(framework.__file__)", folder=tmp_path)
        assert str(ROOT) not in where
    finally:
        shop.terminate()
        shop.communicate()
