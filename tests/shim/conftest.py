"""Makes the shim and the helpers of this folder importable."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "engine"),
                str(HERE.parent.parent / "plugin" / "vllm")]
