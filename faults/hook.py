"""The C library's calls that change files, counted and ended at the n-th."""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("preload.c")
# What happens at the n-th call: the mode of preload.c, and the error of a call that is refused.
FAULTS = {
    "none": (0, 0),
    "kill": (1, 0),
    "tear": (2, 0),
    "full": (3, errno.ENOSPC),
    "denied": (3, errno.EACCES),
}


def with_hook(build: Path) -> None:
    """Starts this program again with the hook before the C library, unless it is there."""
    if hasattr(ctypes.CDLL(None), "fault_arm"):
        return
    build.mkdir(parents=True, exist_ok=True)
    library = build / "preload.so"
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    os.execve(sys.executable, sys.orig_argv, os.environ | {"LD_PRELOAD": str(library)})


def arm(below: Path, fault: str, at: int, log: int = -1) -> None:
    """From now on counts calls for files below a folder; the `at`-th, from 1, meets the fault.

    Args:
      below: the folder.
      fault: a name of `FAULTS`.
      at: which call.
      log: a file descriptor to which each call is told; -1 for none.
    """
    mode, error = FAULTS[fault]
    ctypes.CDLL(None).fault_arm(os.fsencode(below), ctypes.c_long(at), mode, error, log)


def disarm() -> int:
    """Lets everything pass from now on; how many calls there were."""
    library = ctypes.CDLL(None)
    count = library.fault_count
    count.restype = ctypes.c_long
    done: int = count()
    library.fault_arm(b"/", ctypes.c_long(-1), 0, 0, -1)
    return done
