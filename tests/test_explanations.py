import json
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.checkpoint import save
from stgnf_jax.decomposition import decompose
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Scored, score, score_test_poses
from stgnf_jax.explanations import Explanations, explain, load_windows, save_explanations
from stgnf_jax.model import Model
from stgnf_jax.scoring import extreme_windows
from stgnf_jax.skeleton import OPENPOSE_18, joint_names
from tests.small import FLOW, random_model, small_config, write_data


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [random_model(seed=seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, models: list[Model]) -> Scored:
    return score_test_poses(small_config(write_data(tmp_path_factory.mktemp("explain"))), models)


@pytest.fixture(scope="module")
def explanations(scored: Scored, models: list[Model]) -> Explanations:
    chosen = extreme_windows(scored.windows, 3, lowest=True)
    return explain(models, scored.window_set, chosen)


def test_the_terms_of_an_ensemble_sum_to_its_scores(
    scored: Scored, models: list[Model], explanations: Explanations
) -> None:
    expected = scored.windows.score[explanations.window]
    np.testing.assert_allclose(-explanations.nll.sum((1, 2)), expected, rtol=1e-4)
    x = load_windows(models[0], scored.window_set, explanations.window)
    each = [decompose(model, x).log_det for model in models]
    np.testing.assert_allclose(explanations.log_det, (each[0] + each[1]) / 2, rtol=1e-6)


def test_the_frames_are_those_of_the_poses(scored: Scored, explanations: Explanations) -> None:
    expected = scored.windows.start[explanations.window][:, None] + np.arange(8)
    np.testing.assert_array_equal(explanations.frame, expected)


def test_files_hold_the_arrays_and_their_sums(
    scored: Scored, explanations: Explanations, tmp_path: Path
) -> None:
    save_explanations(tmp_path, explanations, scored.windows, FLOW.skeleton, scored.frames.clips)
    with np.load(tmp_path / "explanations.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["gradient"], explanations.gradient)
        assert arrays["joint"][1] == "neck"
        assert arrays["clip"].tolist() == [row[0] for row in people(scored, explanations)]
    written = json.loads((tmp_path / "explanations.json").read_text())
    assert (written["explains"], written["unit"]) == ("nll", "bits / dim")
    assert len(written["windows"]) == 3
    for i, row in enumerate(written["windows"]):
        clip, person, start, value = people(scored, explanations)[i]
        assert (row["clip"], row["person"], row["start"]) == (clip, person, start)
        assert row["score"] == pytest.approx(value)
        assert row["nll"] == pytest.approx(-value, rel=1e-4)
        assert list(row["nll_by_joint"]) == list(joint_names(OPENPOSE_18))
        assert sum(row["nll_by_joint"].values()) == pytest.approx(row["nll"])
        assert sum(row["nll_by_frame"]) == pytest.approx(row["nll"])
        assert row["nll_by_joint"]["nose"] == pytest.approx(explanations.nll[i, :, 0].sum())
        assert row["gradient_by_frame"] == pytest.approx(explanations.gradient[i].sum(1).tolist())


def test_scoring_explains_as_many_people_as_are_asked_for(
    tmp_path: Path, models: list[Model]
) -> None:
    config = small_config(write_data(tmp_path / "data"))
    save(tmp_path / "run", models[0])
    score(config, tmp_path / "run", tmp_path / "none")
    assert not list((tmp_path / "none").glob("explanations*"))
    config.scoring.explain = 2
    scored = score(config, tmp_path / "run", tmp_path / "out")
    written = json.loads((tmp_path / "out/explanations.json").read_text())
    lowest = np.sort(scored.windows.score)[0]
    assert len(written["windows"]) == 2
    assert written["windows"][0]["score"] == pytest.approx(float(lowest))
    config.scoring.explain = -1
    with pytest.raises(InputError, match=r"config\.scoring\.explain: must be at least 0"):
        score(config, tmp_path / "run", tmp_path / "out")


def people(scored: Scored, explanations: Explanations) -> list[tuple[str, int, int, float]]:
    clip, person, start, score = (column[explanations.window] for column in scored.windows)
    return [
        (scored.frames.clips[c], int(p), int(s), float(v))
        for c, p, s, v in zip(clip, person, start, score, strict=True)
    ]
