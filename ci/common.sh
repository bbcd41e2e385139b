# Sourced by the scripts of this folder: where things are, and how they speak.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/moetap
jobs=$(nproc)

# The compiler of ci/setup_nvcc, for cmake/cuda.cmake.
if [ -z "${MOETAP_CUDA_HOME:-}" ]; then
  for folder in "$cache"/nvcc/lib/python*/site-packages/nvidia/cu13; do
    if [ -x "$folder/bin/nvcc" ]; then export MOETAP_CUDA_HOME=$folder; fi
  done
fi

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# make_venv FOLDER REQUIREMENT...: a virtual environment of the machine's
# python3 with exactly these requirements; kept until they change.  Where
# overrides are needed, $overrides names a file of them.
make_venv() {
  local folder=$1 stamp=$1/.moetap-requirements wanted uv
  shift
  local options=()
  wanted=$(printf '%s\n' "$@")
  if [ -n "${overrides:-}" ]; then
    options=(--override "$overrides")
    wanted+=$(printf '\n' && cat "$overrides")
  fi
  mkdir -p "$cache"
  (
    flock 9
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] &&
      "$folder/bin/python" -c '' 2>/dev/null; then
      exit 0
    fi
    if [ ! -x "$cache/uv/bin/uv" ]; then
      python3 -m venv "$cache/uv"
      "$cache/uv/bin/pip" install --quiet uv
    fi
    uv=$cache/uv/bin/uv
    echo "making the Python environment $folder"
    rm -f "$stamp"
    "$folder/bin/python" -c '' 2>/dev/null ||
      "$uv" venv --quiet --clear --python "$(command -v python3)" "$folder"
    "$uv" pip install --python "$folder/bin/python" \
      "${options[@]}" "$@"
    printf '%s\n' "$wanted" >"$stamp"
  ) 9>"$folder.lock"
}
