import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from stgnf_jax.ablations import ABLATIONS, BASES, ablation_config
from stgnf_jax.config import check_config, default_config, flow_config
from stgnf_jax.config_fields import flatten
from stgnf_jax.program import num_parameters
from tests.test_cli import stgnf

ROOT = Path(__file__).parents[1]


def load_config_file(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"configs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config


@pytest.mark.parametrize("name", BASES)
def test_bases_are_the_config_files(name: str) -> None:
    config, default = load_config_file(name)(), default_config()
    changed = flatten(config.to_dict()).items() - flatten(default.to_dict()).items()
    assert dict(changed) == BASES[name]


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_is_a_small_delta(name: str) -> None:
    ablation = ABLATIONS[name]
    config = load_config_file("ablation")(name)
    assert config.is_locked
    if ablation.second:
        config.data.second.root = "somewhere"
    check_config(config)
    flow_config(config.model)
    base = load_config_file(ablation.trained_on)()
    changed = dict(flatten(config.to_dict()).items() - flatten(base.to_dict()).items())
    changed.pop("data.second.root", None)
    assert changed == ablation.deltas
    assert ablation.tested_on in BASES
    assert bool(ablation.second) == any("second" in field for field in ablation.deltas)


@pytest.mark.parametrize(
    ("file", "name", "named"),
    [
        ("ablation.py:lstm", "lstm", f"of {len(ABLATIONS)}, for instance: fully_connected, "),
        ("ablation.py", "", f"of {len(ABLATIONS)}, for instance: fully_connected, "),
        ("ablation.py:convolutoin", "convolutoin", "nearest: convolution; docs/ablations.md"),
    ],
)
def test_an_unknown_name(file: str, name: str, named: str) -> None:
    done = stgnf("train", f"--config=configs/{file}", "--workdir=RUN")
    assert done.returncode == 1
    expected = f"stgnf train: configuration: unknown name '{name}' of an ablation; {named}"
    assert done.stderr.startswith(expected)
    assert len(done.stderr) < 250


def test_no_two_ablations_are_the_same() -> None:
    keys = {repr((a.deltas, a.trained_on, a.tested_on)) for a in ABLATIONS.values()}
    assert len(keys) == len(ABLATIONS)


def test_the_points_of_a_curve_lie_apart() -> None:
    points = [(a.place, a.value) for a in ABLATIONS.values() if a.value is not None]
    assert len(set(points)) == len(points)


def test_the_page_has_them_all() -> None:
    rows = re.findall(r"^\| (.*?) \| (`.*?`) \| .* \| (.*?) \|$", page(), re.MULTILINE)
    said = {
        name: (place, says) for place, names, says in rows for name in names[1:-1].split("`, `")
    }
    assert said.keys() == ABLATIONS.keys()
    for name, ablation in ABLATIONS.items():
        place, says = said[name]
        assert place == ablation.place
        assert says.startswith(ablation.statement or f"{ablation.paper_auc or ''}")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("steps_4", 304), ("identity_adjacency", 616), ("single_frame", 232)),
        *(("convolution", 704), ("fully_connected", 2_992_960)),
    ],
)
def test_parameters(name: str, count: int) -> None:
    assert num_parameters(flow_config(ablation_config(name).model)) == count
    assert f"{count:,} parameters" in page() or name in ("steps_4", "identity_adjacency")


def page() -> str:
    return (ROOT / "docs/ablations.md").read_text(encoding="utf-8")


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "passage"),
    [
        ("fully_connected", r"fully-connected affine layer .*? from 85\.9% to (77\.0)%"),
        ("convolution", r"standard convolutions reduced our score to (78\.8)%"),
        ("single_frame", r"\$\\tau = 1\$, which yielded an AUC of (75\.1)%"),
        ("identity_adjacency", r"\$A = I\$, .*? an AUC of (83\.9)%"),
        ("zero_shot", r"on the ShanghaiTech test set .*? AUC score of (83\.8)%"),
        ("ubnormal_on_shanghaitech", r"ShanghaiTech 85\.9 (84\.0) 86\.0"),
        ("both_on_shanghaitech", r"ShanghaiTech 85\.9 84\.0 (86\.0)"),
        ("shanghaitech_on_ubnormal", r"UBnormal (69\.0) 71\.8 71\.6"),
        ("both_on_ubnormal", r"UBnormal 69\.0 71\.8 (71\.6)"),
    ],
)
def test_numbers_are_the_paper_s(shared: Path, name: str, passage: str) -> None:
    text = " ".join((shared / "paper.txt").read_text(encoding="utf-8").split())
    found = re.search(passage, text)
    assert found is not None
    assert float(found[1]) == ABLATIONS[name].paper_auc
    assert all(a.paper_auc is None for a in ABLATIONS.values() if "figure" in a.place)
