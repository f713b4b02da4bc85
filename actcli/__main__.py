"""The start and the end of the process: the version, signals, errors as one line, the exit status.

`--version` is answered before anything is imported that Python has not loaded by itself.
"""

import os
import sys

from actcli import __version__

TYPE_CHECKING = False  # typing would take as long to load as the rest of the way to the version
if TYPE_CHECKING:
    from types import FrameType

    from actcli.terminal import Terminal


def main() -> None:
    """Run the command line of this process and end the process; never returns."""
    try:
        if sys.argv[1:] in (["--version"], ["-V"]):
            _answer_version()
        status = _run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    except SystemExit as ending:  # raised by SIGTERM and SIGHUP, with 128 + n
        status = ending.code if isinstance(ending.code, int) else 1
    # Shutting the interpreter down would wait for worker threads and take NumPy apart piece by piece.
    os._exit(status)


def _answer_version() -> None:
    """Print the version and end the process; return when that fails, since the long way reports the failure."""
    try:
        os.write(1, f"actcli {__version__}\n".encode())
    except OSError:
        return
    os._exit(0)


class _Stop:
    """The handler of SIGINT, SIGTERM and SIGHUP.

    At first a signal ends the process at once: while modules are loaded an exception may be swallowed or hit
    code that is not ready for it, and there is nothing to clean up. After `unwind` a signal raises, so that
    temporary files are removed.
    """

    __slots__ = ("announced", "raised_at", "status", "terminal_on_stderr", "unwinds")

    def __init__(self, *, terminal_on_stderr: bool) -> None:
        self.unwinds = False
        self.raised_at: float | None = None
        self.status = 0
        self.announced = -1
        self.terminal_on_stderr = terminal_on_stderr

    def install(self) -> None:
        """Handle the signals, except those that the parent has set to be ignored (nohup, `&`)."""
        import signal

        # When the reader of a pipe has gone, the program ends silently, as cat does.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self)

    def unwind(self) -> None:
        """Raise at signals from now on, since there are files to clean up."""
        import _thread
        import gc
        import signal

        self.unwinds = True
        gc.freeze()  # what was loaded stays; the first collection would look through all of it
        gc.enable()
        received, self.announced = os.pipe()
        os.set_blocking(self.announced, False)
        signal.set_wakeup_fd(self.announced, warn_on_full_buffer=False)
        sys.unraisablehook = self._raise_again
        _thread.start_new_thread(self._repeat, (received, _thread.get_ident()))

    def _repeat(self, received: int, main_thread: int) -> None:
        """Send a signal again that was not acted on.

        A signal that arrives between the interpreter's last check and a blocking system call would wait for the end
        of that call; one that arrives while a module is being loaded is put off (see `__call__`).
        """
        import signal
        import time

        while number := os.read(received, 1):
            time.sleep(0.02)
            if self.raised_at is None:
                signal.pthread_kill(main_thread, number[0])

    def _raise_again(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Send a signal again that was raised in a finalizer, where Python prints the exception and goes on."""
        if not self.status:
            sys.__unraisablehook__(unraisable)
            return
        self.raised_at = None
        os.write(self.announced, bytes([self.status - 128]))

    def __call__(self, number: int, frame: "FrameType | None") -> None:
        import time

        if not self.unwinds:
            self._end_line()
            os._exit(128 + number)
        if _loads_a_module(frame):
            return
        if self.raised_at is None:
            self.raised_at = time.monotonic()
            self.status = 128 + number
            self._end_line()
            raise KeyboardInterrupt if number == 2 else SystemExit(self.status)
        # A second signal of the same keystroke must not disturb the clean-up; a later one means that it hangs.
        if time.monotonic() - self.raised_at > 1:
            os._exit(128 + number)

    def _end_line(self) -> None:
        """End the line on which the terminal shows ^C, so that the prompt is on the next one."""
        if self.terminal_on_stderr:
            os.write(2, b"\n")


def _loads_a_module(frame: "FrameType | None") -> bool:
    """Return whether an import is running: an exception in a half-loaded extension module may crash (orjson does)."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _run(arguments: list[str]) -> int:
    import gc

    # We use our own threads; a second layer of threads in BLAS makes all of them wait.
    for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if not sys.warnoptions:  # -W and PYTHONWARNINGS ask for them
        import warnings

        warnings.simplefilter(
            "ignore"
        )  # libraries warn developers; what concerns the user is a message of ours
    # Loading modules makes many objects and no garbage; collecting it would take 5 ms.
    gc.disable()
    stop = _Stop(terminal_on_stderr=sys.stderr is not None and sys.stderr.isatty())
    stop.install()

    from actcli.exits import ActcliError
    from actcli.terminal import Terminal, printable

    terminal = Terminal.of_process()
    arguments, debug = _without_debug(arguments)
    try:
        from functools import partial

        from actcli.app import run

        status = run(arguments, terminal, stop.unwind, partial(_isolate, terminal))
        terminal.flush()
        status = stop.status or status  # a library may have swallowed the interruption
    except Exception as error:  # noqa: BLE001 - every error becomes one line here
        if stop.status:  # a library has turned the interruption into another error
            return stop.status
        if isinstance(error, BrokenPipeError):
            return 141
        if debug:
            import traceback

            terminal.say(traceback.format_exc().rstrip())
        message = _message(error)
        _say_error(terminal, message)
        for line in getattr(error, "pointer", ()):
            # one character for one character, so that the caret stays below its place
            shown = line.encode(terminal.encoding, "replace").decode(terminal.encoding)
            terminal.say(f"  {printable(shown)}")
        status = int(error.status) if isinstance(error, ActcliError) else 1
        _flush_what_is_there(terminal)
    return status


def _say_error(terminal: "Terminal", message: str) -> None:
    """Write the line about an error to stderr, in colour the name that it begins with."""
    from actcli.terminal import printable, without_credentials

    name = "actcli:"
    if terminal.color_on_stderr:
        from actcli.render.text.theme import THEMES

        theme = terminal.theme_choice or terminal.environ.get("ACTCLI_THEME") or "auto"
        name = THEMES.get(theme.lower(), THEMES["auto"]).paint(name, "bold red")
    text = f"{name} {printable(without_credentials(message))}\n"
    terminal.draw(text.encode(terminal.encoding, "backslashreplace"))


def _isolate(terminal: "Terminal", source: str, memory: int | None) -> None:
    """Continue in a child process, which native code may crash while it reads `source`."""
    from actcli.commands.child import continue_in_child

    continue_in_child(source, terminal, memory)


def _without_debug(arguments: list[str]) -> tuple[list[str], bool]:
    """Remove `--debug` from anywhere before `--`, since it concerns errors of the command line too."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [argument for argument in arguments[:end] if argument != "--debug"]
    return kept + arguments[end:], len(kept) < end


def _message(error: Exception) -> str:
    from actcli.exits import ActcliError

    if isinstance(error, ActcliError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory" + (f": {error}" if str(error) else "")
    if isinstance(error, (OSError, ImportError)):
        lack = _lack(error)
        if lack:
            return lack
    return f"internal error: {type(error).__name__}: {error}; --debug shows where"


def _lack(error: OSError | ImportError) -> str:
    """Return a sentence about what the system does not give: files, or a current folder; empty for another error."""
    import errno

    if "Too many open files" in str(error) or getattr(error, "errno", 0) in {errno.EMFILE, errno.ENFILE}:
        return "too many open files; raise the limit with ulimit -n"
    if isinstance(error, FileNotFoundError):
        try:
            os.getcwd()  # noqa: PTH109
        except FileNotFoundError:
            return "the current folder no longer exists; change to another"
    return ""


def _flush_what_is_there(terminal: "Terminal") -> None:
    """Write the results so far before the error; a second error about stdout would add nothing."""
    from actcli.exits import DataError

    try:
        terminal.flush()
    except DataError:
        return


if __name__ == "__main__":
    main()
