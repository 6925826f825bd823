#!/bin/sh
# Makes the published weights of models/emoji from nothing but the pinned artwork:
#
#   sh scripts/train-emoji/train.sh WORK
#
# WORK takes about 750 MB. Needs Node, PyTorch 1.13 or later, Pillow and NumPy; one thread, no GPU.
set -eu
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
work=$1
here=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}
node "$here/render.mjs" "$work"
train() { "$python" -B "$here/train.py" "$@"; }
train teacher "$work" --out "$work/teacher.pt" --steps 6403 --cool 1903 --stop 5500 --batch 128 --every 500
train student "$work" --out "$work/first.pt" --teacher "$work/teacher.pt" \
  --steps 12397 --cool 7397 --keep 0.6 --echo 2 --style strong --every 1000
train student "$work" --out "$work/student.pt" --teacher "$work/teacher.pt" --start "$work/first.pt" \
  --steps 3000 --cool 500 --keep 1 --echo 2 --style light --rate 1e-3 --seed 2 --every 500
"$python" -B "$here/export.py" "$work/student.pt" "$here/../../models/emoji"
"$python" -B "$here/evaluate.py" "$work/student.pt" "$work" openmoji emojione-v1 emojione
