"""orjson, imported so that Ctrl-C at the wrong moment cannot crash the interpreter.

While orjson is imported it imports some modules of the standard library itself; a signal whose handler raises in the
middle of that ends the process with a segmentation fault (seen with all versions from 3.10 to 3.13). Imported here
first, these modules are there already. Everything in the package takes orjson from here.
"""

from __future__ import annotations

import dataclasses  # noqa: F401 - see above, as for the others
import datetime  # noqa: F401
import enum  # noqa: F401
import json  # noqa: F401
import uuid  # noqa: F401
import zoneinfo  # noqa: F401

import orjson

__all__ = ["orjson"]
