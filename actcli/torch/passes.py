"""Forward passes of a model: where each begins and ends, whether it is watched, and what was seen of it.

A pass begins when the number of running modules goes from 0 to 1, whichever module that is: a LightningModule calls
`self.net` and not itself. In between nothing of this runs.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import torch

from actcli.torch.observer import Observer, RunningModule, frame_of, in_backward
from actcli.torch.stance import UncompiledStance

if TYPE_CHECKING:
    from types import FrameType

_WRAPPED = {
    "OptimizedModule": "_orig_mod",
    "DistributedDataParallel": "module",
    "DataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "CheckpointWrapper": "_checkpoint_wrapped_module",
}
"""Classes that wrap a module: the attribute that holds it is no part of its path."""


class Choice(Protocol):
    """What decides about passes, and hears of them."""

    def begin(
        self, module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Observer | None:
        """Return what watches the pass that begins, None for a pass that is not watched."""

    def end(self, observer: Observer, *, failed: bool) -> None:
        """Hear that a watched pass ended."""

    def warn_of_compiled_caller(self) -> None:
        """Hear that a compiled function calls the model."""


class Passes:
    """Hooks on all modules of a model, from `attach` to `detach`."""

    def __init__(self, model: torch.nn.Module, choice: Choice) -> None:
        self._model, self._choice = model, choice
        self.frames: list[RunningModule] = []
        self._observer: Observer | None = None
        self.stance = UncompiledStance()
        self._thread = 0
        self._handles: list[Any] = []
        self._compiled: list[tuple[torch.nn.Module, Any]] = []
        self.compiled_caller = False

    def attach(self) -> None:
        """Add the hooks. Compiled functions run uncompiled until the first pass was seen."""
        for path, module in named_modules(self._model):
            frame = frame_of(path, module)
            self._handles += [
                module.register_forward_pre_hook(_Entering(self, frame), with_kwargs=True),
                module.register_forward_hook(_Leaving(self, frame), always_call=True),
            ]
            # after model.compile() the hooks are inside the compiled code
            call = module.__dict__.get("_compiled_call_impl")
            if call is not None:
                self._compiled.append((module, call))
                module._compiled_call_impl = self._around(frame, call)  # noqa: SLF001
        self.stance.hold()

    def detach(self) -> None:
        """Remove everything that `attach` added, also in the middle of a pass."""
        for handle in self._handles:
            handle.remove()
        for module, call in self._compiled:
            module._compiled_call_impl = call  # noqa: SLF001
        self._handles, self._compiled = [], []
        self.abandon()
        self.stance.release()

    def abandon(self) -> None:
        """End a pass that was interrupted: PyTorch calls no hook after Ctrl-C."""
        if self.frames:
            self._end(failed=True)
            self.frames.clear()

    def enter(self, frame: RunningModule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Note that a module begins; a pass begins with the first."""
        if in_backward():  # what autograd computes again was counted
            return
        if not self.frames:
            self._thread = threading.get_ident()
            self.frames.append(frame)
            self._begin(frame.module, args, kwargs)
        elif self._thread == threading.get_ident():
            self.frames.append(frame)
        else:
            return
        if self._observer is not None:
            self._observer.enter(frame, args)

    def leave(self, frame: RunningModule, result: Any) -> None:
        """Note that a module ended, None where it failed; the pass ends with the first."""
        # another hook may have failed before `enter` was called
        if in_backward() or not self.frames or self.frames[-1] is not frame:
            return
        if self._thread != threading.get_ident():
            return
        if self._observer is not None:
            self._observer.leave(frame, result)
        self.frames.pop()
        if not self.frames:
            self._end(failed=result is None)

    def _around(self, frame: RunningModule, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the compiled call of a module, with the beginning and the end of a pass around it."""

        def call_around(*args: Any, **kwargs: Any) -> Any:
            if self.frames:
                return call(*args, **kwargs)
            self.enter(frame, args, kwargs)
            result = None
            try:
                result = call(*args, **kwargs)
            finally:
                self.leave(frame, result)
            return result

        return call_around

    def _begin(self, module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        if not self.compiled_caller and self.stance.is_held and _is_called_by_compiled_code():
            self.compiled_caller = True
            self._choice.warn_of_compiled_caller()
        self._observer = self._choice.begin(module, args, kwargs)
        if self._observer is not None:
            self.stance.hold()
            self._observer.__enter__()

    def _end(self, *, failed: bool) -> None:
        observer, self._observer = self._observer, None
        if observer is None:
            return
        with suppress(IndexError):
            observer.__exit__(None, None, None)
        if not self.compiled_caller:
            self.stance.release()
        self._choice.end(observer, failed=failed)


class _NoHook:
    """The hook in a copy of a model, and in a model that was read from a file: copies are not watched."""

    def __call__(self, *_: Any) -> None:
        """Do nothing."""


class _Entering:
    """The hook before a module."""

    def __init__(self, passes: Passes, frame: RunningModule) -> None:
        self._passes, self._frame = passes, frame

    def __call__(self, _: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Tell the passes, unless a compiled graph is made, in which no hook remains."""
        if not torch.compiler.is_compiling():
            self._passes.enter(self._frame, args, kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _NoHook, ()


class _Leaving:
    """The hook after a module, whether it returned or failed."""

    def __init__(self, passes: Passes, frame: RunningModule) -> None:
        self._passes, self._frame = passes, frame

    def __call__(self, _: torch.nn.Module, args: Sequence[Any], result: Any) -> None:  # noqa: ARG002 - torch's
        """Tell the passes, unless a compiled graph is made."""
        if not torch.compiler.is_compiling():
            self._passes.leave(self._frame, result)

    def __reduce__(self) -> tuple[Any, ...]:
        return _NoHook, ()


def named_modules(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield every module once with its path, in which wrappers such as DistributedDataParallel do not occur."""
    seen: set[int] = set()

    def walk(path: str, module: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
        if id(module) in seen:
            return
        seen.add(id(module))
        yield path, module
        if isinstance(module, torch.jit.ScriptModule):
            return
        inner = next((name for kind, name in _WRAPPED.items() if _is_a(module, kind)), None)
        for name, child in module.named_children():
            yield from walk(path if name == inner else f"{path}.{name}".removeprefix("."), child)

    yield from walk("", model)


def _is_a(module: torch.nn.Module, kind: str) -> bool:
    return any(base.__name__ == kind for base in type(module).__mro__)


def _is_called_by_compiled_code() -> bool:
    """Return whether a function of torch.compile is among the callers; it runs uncompiled now."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to see the callers' files
    while frame is not None:
        code = frame.f_code
        if code.co_name == "compile_wrapper" and code.co_filename.endswith("eval_frame.py"):
            return True
        frame = frame.f_back
    return False
