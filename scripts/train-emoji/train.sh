#!/bin/sh
# Makes the published weights of models/emoji from nothing but the pinned artwork:
#
#   sh scripts/train-emoji/train.sh WORK
#
# WORK takes about 700 MB. Needs Node, PyTorch 1.13 or later, Pillow and NumPy; one thread, no GPU.
set -eu
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
work=$1
here=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}
node "$here/render.mjs" "$work"
train() { "$python" -B "$here/train.py" "$@"; }
train teacher "$work" --out "$work/teacher.pt" --steps 2200 --cool 1200 --stop 1800 --snapshot 1600 --batch 128
train student "$work" --out "$work/first.pt" --teacher "$work/teacher.pt.1600" \
  --steps 150 --every 150 --rate 1.5e-3 --keep 0.6 --echo 2
train student "$work" --out "$work/second.pt" --teacher "$work/teacher.pt" --start "$work/first.pt" \
  --steps 2100 --every 300 --keep 0.5 --echo 3
train student "$work" --out "$work/student.pt" --teacher "$work/teacher.pt" --start "$work/second.pt" --seed 2 \
  --steps 800 --cool 150 --every 200 --keep 0.8 --echo 4
"$python" -B "$here/export.py" "$work/student.pt" "$here/../../models/emoji"
"$python" -B "$here/evaluate.py" "$work/student.pt" "$work" openmoji emojione-v1
