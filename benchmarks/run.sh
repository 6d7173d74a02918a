#!/bin/sh
# Runs every benchmark, each beside the same program of another make; tables to stdout, JSON to OUT.
#
#   sh benchmarks/run.sh OUT DATA CHECKPOINT "python other_program.py" "python other_live.py"
#
# DATA is a data set as configs/shanghaitech.py wants it. The first program understands
# `score|train --threads N` and prints `windows/s: NUMBER`; the second gets a number of people and
# prints `median ms: NUMBER p99 ms: NUMBER`.
set -eu
out=$1 data=$2 checkpoint=$3 peer=$4 live=$5
python=${PYTHON:-python}
here=$(dirname "$0")
mkdir -p "$out"
"$python" "$here/scoring.py" --threads=1 --peer="$peer score --threads 1" --out="$out/scoring.json"
"$python" "$here/training.py" --peer="$peer train --threads {threads}" --out="$out/training.json"
"$python" "$here/cold.py" --root="$data" --checkpoint="$checkpoint" --peer="$peer score" \
    --out="$out/cold.json"
"$python" "$here/live.py" --peer="$live {people}" --out="$out/live.json"
"$python" "$here/growth.py" --out="$out/growth.json" --picture="$out/growth.png"
