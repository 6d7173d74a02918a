"""Names in pictures, in any script."""

from pathlib import Path

from matplotlib.font_manager import fontManager

from stgnf_jax.pictures.style import new_figure, save, tidy

# That no font has, of a plane for private use; and one that only Matplotlib's other fonts have.
NOWHERE, ELSEWHERE = "\U000f0000", "\u24b6"


def test_names_are_legible_and_warn_of_nothing(tmp_path: Path) -> None:
    figure = new_figure(1.0)
    left, right = figure.subplots(1, 2)
    tidy(left, f"clip {NOWHERE}$1$", xlabel="Größe −1")
    tidy(right, f"clip {ELSEWHERE}")
    save(figure, tmp_path / "names")
    assert left.get_title(loc="left") == r"clip \U000f0000$1$"
    assert left.get_xlabel() == "Größe −1"
    assert right.get_title(loc="left") == f"clip {ELSEWHERE}"
    assert (tmp_path / "names.png").stat().st_size > 0


def test_a_font_that_is_installed_is_taken(tmp_path: Path) -> None:
    figure = new_figure(1.0)
    title = figure.suptitle(f"clip {ELSEWHERE}")
    plain = figure.text(0, 0, "clip é")
    save(figure, tmp_path / "names")
    first, other = title.get_fontfamily()
    assert plain.get_fontfamily() == [first]
    assert other in {font.name for font in fontManager.ttflist}
    assert "Last Resort" not in other
