"""A PyTorch flow frame by frame, to measure `live.py` against.

    python benchmarks/peer_live.py FILE PEOPLE [THREADS]

FILE is a program whose class STGNF is a module that gives the nll of windows (N, C, T, V). Each
frame adds a detection to every person's window, which is then normalised and scored. Needs torch.
"""

import importlib.util
import sys
import time
from collections import deque

import numpy as np
import torch

FRAMES, WARM_UP = 500, 20
RESOLUTION = np.array([856, 480], np.float32)


def load_peer(file: str) -> torch.nn.Module:
    """The flow of the file, with first weights."""
    spec = importlib.util.spec_from_file_location("peer", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.STGNF().eval()


def score(flow: torch.nn.Module, tracks: list[deque]) -> np.ndarray:
    """Scores of the last 24 poses of each track."""
    x = np.stack([np.stack(track) for track in tracks])[..., :2] / RESOLUTION
    x = x - x.mean((1, 2), keepdims=True)
    x = x / x[..., 1:].std((1, 2), keepdims=True)
    with torch.no_grad():
        return -flow(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()


def main(file: str, people: int, threads: int = 1) -> None:
    """Measures and prints."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    flow, rng, times = load_peer(file), np.random.default_rng(0), []
    detections = rng.uniform(0, 400, (24, people, 18, 3)).astype(np.float32)
    tracks = [deque(detections[:, person], 24) for person in range(people)]
    for _ in range(WARM_UP + FRAMES):
        seen = rng.uniform(0, 400, (people, 18, 3)).astype(np.float32)
        began = time.perf_counter()
        for track, pose in zip(tracks, seen, strict=True):
            track.append(pose)
        score(flow, tracks)
        times.append(1000 * (time.perf_counter() - began))
    median, late = np.quantile(times[WARM_UP:], [0.5, 0.99])
    print(f"median ms: {median:.3f} p99 ms: {late:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
