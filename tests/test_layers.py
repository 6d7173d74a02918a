"""Imports go down only: each module may import those above it in the table of the docs."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "stgnf_jax"


def layers() -> list[set[str]]:
    """The rows of the table in docs/architecture.md, from the lowest layer to the highest."""
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    return [{name.rstrip("/") for name in re.findall(r"`(.*?)`", row)} for row in rows]


def module_of(path: Path) -> str:
    """The row's name for a file: a package's files share one."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= submodules if node.module == "stgnf_jax" else {node.module}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("stgnf_jax.")}


def files() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def test_the_table_lists_every_module() -> None:
    assert {module_of(path) for path in files()} == set().union(*layers())


def test_imports_go_down_only() -> None:
    rank = {name: i for i, names in enumerate(layers()) for name in names}
    upward = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files()
        for name in imports(path) - {module_of(path)}
        if rank[name] >= rank[module_of(path)]
    ]
    assert upward == []


def test_flow_and_data_do_not_know_each_other() -> None:
    data = {"pose_json", "poses", "cache", "windows", "augment", "ground_truth", "scoring"}
    flow = {"bijectors", "batch_norm", "stgcn", "convolution", "fully_connected", "flow_config"}
    flow |= {"flow_step", "likelihood", "flow"}
    for path in files():
        if module_of(path) in data:
            assert not imports(path) & flow
        if module_of(path) in flow:
            assert not imports(path) & data
