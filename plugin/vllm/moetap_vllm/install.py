"""Attaches the shim to the engine's modules, whenever they are imported."""

import importlib.abc
import importlib.machinery
import sys

from moetap_vllm import abi as abi_module
from moetap_vllm import frontend, scheduler, worker

PATCHES = {
    "vllm.v1.worker.gpu_model_runner": worker.patch_v1,
    "vllm.v1.worker.gpu.model_runner": worker.patch_v2,
    "vllm.v1.worker.gpu_worker": worker.patch_worker,
    "vllm.v1.core.sched.scheduler": scheduler.patch,
    "vllm.v1.engine.output_processor": frontend.patch,
}

_installed = False
_abi = None  # of the library of this process, once installed


class Finder(importlib.abc.MetaPathFinder):
    """Lets the ordinary finder find a module, and patches it once it ran."""

    def __init__(self, abi):
        self._abi = abi

    def find_spec(self, name, path, target=None):
        if name not in PATCHES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            patch(self._abi, name, module)

        spec.loader.exec_module = exec_module
        return spec


def patch(abi, name, module):
    """Applies the patch of module `name`, if it was not applied before."""
    if getattr(module, "_moetap_patched", False):
        return
    try:
        module._moetap_patched = True
        PATCHES[name](abi, module)
    except Exception as error:
        abi.status(b"shim-degraded",
                   abi_module.encode(f"{name}: {error!r}"))


def install():
    """Once per process; does nothing without a library to report to."""
    global _installed, _abi
    if _installed:
        return
    _installed = True
    _abi = abi = abi_module.load()
    if abi is None:
        return
    sys.meta_path.insert(0, Finder(abi))
    for name in PATCHES:
        module = sys.modules.get(name)
        if module is not None:
            patch(abi, name, module)


def pause(pause):
    """For measurement: stops what hooks and shim do in this process, or lets
    them go on; True if done.  While no request is in flight."""
    return _abi is not None and _abi.pause(pause)
