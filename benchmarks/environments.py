"""A virtual environment for each driver that brings packages of its own, made once and kept below `.bench/venvs`.

Used by `run.py` before the first round, so that no installation falls into a measurement.
"""

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.drivers.registry import Driver

_VERSIONS = """\
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found[name] = "missing"
print(json.dumps(found))
"""


def interpreter(driver: Driver, folder: Path) -> Path:
    """Give the interpreter that runs the driver, installing its packages at first use.

    Raises RuntimeError with pip's last lines when they cannot be installed.
    """
    if not driver.requirements:
        return Path(sys.executable)
    key = hashlib.sha256("\n".join(driver.requirements).encode()).hexdigest()[:8]
    home = folder / f"{driver.requirements[0].partition('=')[0]}-{key}"
    python = home / "bin" / "python"
    if (home / "complete").exists():
        return python
    venv.create(home, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *driver.requirements]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-5:])
        raise RuntimeError(f"the environment of {driver.name} could not be made by pip:\n{tail}")
    (home / "complete").touch()
    return python


def versions(driver: Driver, python: Path) -> dict[str, str]:
    """Give the versions of the driver's packages, asked from its own interpreter."""
    asked = subprocess.run(
        [str(python), "-c", _VERSIONS, *driver.packages], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, str] = json.loads(asked)
    return found
