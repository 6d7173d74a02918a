"""A PyTorch flow with an adjacency of one's choice, to measure `scoring.py` against.

    python benchmarks/peer_scoring.py FILE ADJACENCY.npy score --threads 1

FILE is a program with classes STGNF, whose `steps` are its flow steps, and Step (kernel, residual,
adjacency), and with a function main, which gets the other arguments. Needs torch.
"""

import importlib.util
import sys

import numpy as np
import torch


def main(file: str, adjacency: str, *arguments: str) -> None:
    """Runs the program with that adjacency, (S, V, V), in every step."""
    spec = importlib.util.spec_from_file_location("peer", file)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    matrices = torch.from_numpy(np.load(adjacency, allow_pickle=False))

    class Adjacent(peer.STGNF):
        def __init__(self, frames: int = 24, steps: int = 8) -> None:
            super().__init__(frames=frames, steps=steps)
            blocks = (peer.Step(frames // 2 + 1, i > 0, matrices) for i in range(steps))
            self.steps = torch.nn.ModuleList(blocks)

    peer.STGNF = Adjacent
    sys.argv = [file, *arguments]
    peer.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
