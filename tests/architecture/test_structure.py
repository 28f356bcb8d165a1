"""The house rules that a machine can check: imports point one way, files and functions stay small.

The rooms are those of docs/architecture.md. An import counts wherever it stands: at the top, in a function, or for type
checkers only.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "framework"

FLOORS = [
    {"version", "exceptions", "wholefile", "jobfiles", "signals", "signalmanager", "fastjson"}
    | {"link", "document", "selector", "item"},
    {"http"},
    {"failure", "settings"},
    {"protocols"},
    {"components", "usercode"},
    {
        "telemetry",
        "exporters",
        "feeds",
        "pipelines",
        "spiders",
        "spidermiddlewares",
        "downloadermiddlewares",
        "downloader",
        "frontier",
        "robotstxt",
        "statscollectors",
        "extensions",
        "dupefilters",
    },
    {"jobs"},
    {"engine"},
    {"jobrun", "duplicates"},
    {"crawler"},
    {"process"},
    {"project"},
    {"cli", "__main__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
COMPONENTS = 5

# Between components: who may know whom, and why.
ALLOWED_BESIDE = {
    ("feeds", "exporters"): "a feed writes through an exporter",
    ("downloadermiddlewares", "robotstxt"): "the middleware asks the parser",
    ("statscollectors", "telemetry"): "Scrapy's module path for the same classes",
}

# Beside the tower: may import anything, is imported only by the command that serves the shop.
BESIDE_THE_TOWER = {"testing"}
MAY_IMPORT_TESTING = {"framework.cli.shop"}

LINES_MAX = 400
FUNCTION_LINES_MAX = 50


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources():
    return sorted(path for path in PACKAGE.rglob("*.py") if "templates" not in path.parts)


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def is_module(dotted):
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def imports_of(path):
    """Return the modules of the package that a file imports, with the line of each."""
    own = module_name(path)
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.append((whole if is_module(whole) else base, node.lineno))
    return [(name, line) for name, line in found if name == "framework" or name.startswith("framework.")]


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "framework"


def test_every_room_has_its_place():
    rooms = {room_of(module_name(path)) for path in sources()} - {"framework"}

    assert rooms - BESIDE_THE_TOWER == set(FLOOR_OF)


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_imports_point_down(path):
    module = module_name(path)
    room = room_of(module)
    if room in BESIDE_THE_TOWER or room == "framework":
        return
    wrong = []
    for imported, line in imports_of(path):
        target = room_of(imported)
        if target == room or imported == "framework.version":
            continue
        if target in BESIDE_THE_TOWER:
            if module not in MAY_IMPORT_TESTING:
                wrong.append(f"{path}:{line}: {imported} is for tests only")
        elif target == "framework":
            wrong.append(f"{path}:{line}: import the module itself, not the package's top")
        elif FLOOR_OF[target] > FLOOR_OF[room]:
            wrong.append(f"{path}:{line}: {room} imports {imported}, which is higher up")
        elif (
            FLOOR_OF[target] == FLOOR_OF[room] and (room, target) not in ALLOWED_BESIDE and FLOOR_OF[room] == COMPONENTS
        ):
            wrong.append(f"{path}:{line}: {room} imports {imported}; components do not know each other")
    assert not wrong, "\n".join(wrong)


def test_no_imports_run_in_a_circle():
    graph = {module_name(path): {name for name, _ in imports_of(path)} - {module_name(path)} for path in sources()}
    graph.pop("framework")  # loads the names of its top lazily
    state, circles = {}, []

    def visit(module, trail):
        state[module] = "open"
        for target in graph.get(module, ()):
            if state.get(target) == "open":
                circles.append(" -> ".join([*trail[trail.index(target) :], target]))
            elif target not in state and target in graph:
                visit(target, [*trail, target])
        state[module] = "done"

    for module in graph:
        if module not in state:
            visit(module, [module])
    assert not circles, "\n".join(circles)


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_a_file_is_short_and_says_what_it_is_for(path):
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") <= LINES_MAX, f"{path} has more than {LINES_MAX} lines: give each job its own file"
    assert ast.get_docstring(tree_of(path)), f"{path} needs a docstring: its job and its place in the flow"


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_functions_are_short(path):
    long = [
        f"{path}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def _length(function):
    """Count the lines of a function's body without its docstring."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1


FORBIDDEN_NAMES = {"utils", "helpers", "helper", "common", "manager", "misc"}


def test_no_file_is_a_dumping_ground():
    names = {path.stem for path in sources()}
    folders = {path.parent.name for path in sources()}

    assert not (names | folders) & FORBIDDEN_NAMES


def test_nothing_stored_can_execute():
    """Requests, state and seen-sets are data: no pickle, marshal, shelve or eval anywhere in the package."""
    wrong = []
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names} | {
                    (getattr(node, "module", "") or "").split(".")[0]
                }
                if names & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}:
                    wrong.append(f"{path}:{node.lineno}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "eval":
                wrong.append(f"{path}:{node.lineno}")
    assert not wrong


def test_no_twisted():
    assert not [
        path for path in sources() if "import twisted" in path.read_text() or "from twisted" in path.read_text()
    ]


@pytest.mark.timeout(300)
def test_every_module_can_be_imported_alone():
    """Each in a child of its own, so that one import does not pave the way for another.

    Libraries are loaded before, in the parent, and what `import framework` loads, as it does before any module of it:
    this saves a minute.
    """
    modules = [module_name(path) for path in sources() if path.name != "__main__.py"]
    program = (
        "import os, sys, importlib\n"
        "import aiohttp, aiohttp.web, attrs, brotli, click, jmespath, lxml.html, orjson, parsel, protego, rich.live\n"
        "import rich.table, uvloop, w3lib.html, yarl, zstandard, itemadapter, dataclasses, email.message, sqlite3\n"
        "import bitarray, bson, concurrent.futures.thread, motor.motor_asyncio, msgspec.msgpack, pybloom_live\n"
        "import pymongo, rbloom, urllib.request, uuid, xml.sax.saxutils\n"
        "import framework\n"
        "failed = []\n"
        "for name in sys.argv[1:]:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except BaseException as error:\n"
        "            sys.stderr.write(f'{name}: {error!r}\\n'); sys.stderr.flush(); os._exit(1)\n"
        "        os._exit(0)\n"
        "    if os.waitpid(child, 0)[1]:\n"
        "        failed.append(name)\n"
        "sys.exit(bool(failed))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, *modules], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert run.returncode == 0, run.stderr


def test_orjson_is_imported_in_one_place():
    """See ``framework.fastjson``: a signal during its import must not crash the interpreter."""
    wrong = [
        path
        for path in sources()
        if path.stem != "fastjson" and re.search(r"^ *(import|from) orjson", path.read_text(), flags=re.MULTILINE)
    ]

    assert not wrong
