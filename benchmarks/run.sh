#!/bin/sh
# Runs every benchmark beside a plain PyTorch flow; OUT/benchmarks.md has the tables.
#
#   sh benchmarks/run.sh OUT DATA CHECKPOINT PEER_PYTHON PEER_FILE
#
# DATA is a data set as configs/shanghaitech.py wants it. PEER_PYTHON is a Python with torch,
# PEER_FILE a program as peer_scoring.py and peer_live.py want it, which understands
# `score|train --threads N` and prints `windows/s: NUMBER`. It takes forty minutes on two cores.
set -eu
out=$1 data=$2 checkpoint=$3 peer_python=$4 peer=$5
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")
mkdir -p "$out"
for threads in 1 2; do
    "$python" "$here/scoring.py" --threads=$threads --out="$out/scoring_$threads.json" \
        --peer="$peer_python $here/peer_scoring.py $peer {adjacency} score --threads {threads}"
done
"$python" "$here/training.py" --out="$out/training.json" \
    --peer="$peer_python $peer train --threads {threads}"
"$python" "$here/live.py" --out="$out/live.json" \
    --peer="$peer_python $here/peer_live.py $peer {people}"
"$python" "$here/cold.py" --root="$data" --checkpoint="$checkpoint" --out="$out/cold.json" \
    --peer="$peer_python $peer score"
"$python" "$here/growth.py" --out="$out/growth.json" --picture="$out/growth.png"
"$python" "$here/summary.py" "$out" scoring_1 scoring_2 training live cold growth
