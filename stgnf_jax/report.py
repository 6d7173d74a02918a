"""Scores in a folder to a page that shows them on the people: `stgnf report`."""

import os
from pathlib import Path

from stgnf_jax.files import write_atomically
from stgnf_jax.metrics_file import load_metrics
from stgnf_jax.report_clips import find_view, pack_clips
from stgnf_jax.report_facts import gather_facts, headline
from stgnf_jax.report_html import page
from stgnf_jax.report_index import make_index, pack_frames
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_origin import load_origin
from stgnf_jax.scored_windows import load_scored, located

REPORT_FILE = "report.html"


def write_report(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    poses: str | os.PathLike[str] | None = None,
) -> Path:
    """Writes the report on the scores in a folder: one HTML file that needs no other.

    Args:
      run: folder that `score`, `evaluate` or `train_and_evaluate` has written scores to.
      out: the file; `report.html` in `run` by default.
      poses: folder of the pose files; by default where they were when they were scored.

    Returns:
      The file.

    Raises:
      InputError: the folder holds no scores, its files are damaged, the poses are not those that
        were scored, or the page cannot be written.
    """
    run = Path(run)
    saved, origin = load_scores(run), located(load_origin(run), poses)
    metrics = {} if saved.normal is None else load_metrics(run) or {}
    facts = gather_facts(run, saved, origin, metrics)
    tracks = load_scored(origin, saved).tracks
    view = find_view(tracks, origin.model.resolution)
    clips = list(pack_clips(saved, tracks, view))
    index = make_index(saved, origin, view, clips)
    index |= {"headline": headline(saved, metrics), "facts": facts}
    pieces = page(run.absolute().name, index, [pack_frames(saved), *(clip.data for clip in clips)])
    file = run / REPORT_FILE if out is None else Path(out)
    with write_atomically(file) as path, open(path, "w", encoding="utf-8", newline="\n") as text:
        text.writelines(pieces)
    return file
