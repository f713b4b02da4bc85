"""All ratios in turn, in one run of some twelve minutes: prints docs/performance.md, writes it, or compares with it.

    python tests/benchmarks/performance.py [--write | --check] [--rounds N] [--large] [SUBJECT ...]

Without an option the page is printed and the status is 0. `--write` writes it, of all subjects. `--check` prints the
ratios that are more than 1.3 times those of the page, and then the status is 1. Subjects: start, pipe, arrays,
archives, shards, files, training, models. PyTorch and JAX are looked for in this Python, or in the one that
ACTCLI_TORCH_PYTHON names; models as tests/benchmarks/models.py says. What is not there is left out, and named.
`--large` measures files of 10 GB, alone or besides the subjects named, with `--write` besides all; up to 21 GB lie in
the folder for temporary files (TMPDIR).
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import deadness
import numpy as np
import ratios
from performance_page import PAGE, Measured, documented, page, worse
from process_timer import Timer

ACTCLI = ratios.ACTCLI
PYTHON = os.environ.get("ACTCLI_TORCH_PYTHON", sys.executable)
NAMED = "ACTCLI_TORCH_PYTHON names another Python"
NUMPY = (sys.executable, "-c", "import numpy")
ROUNDS = 5
THREADS = (1, 2)
Command = tuple[str, ...]
Case = tuple[Measured, Command, Command, Path | None]
"""A row to fill, our command, the other one, and a file for the standard input of both."""


def run(timed: Timer, cases: Sequence[Case], rounds: int) -> list[Measured]:
    """Measure the cases in turn. A command of several cases runs once a round."""
    for _ in range(rounds):
        known: dict[tuple[Command, Path | None], float] = {}
        for row, ours, theirs, stdin in cases:
            if (theirs, stdin) not in known:
                known[theirs, stdin] = timed(theirs, stdin)[0]
            row.theirs.append(known[theirs, stdin])
            taken, peak = timed(ours, stdin)
            row.ours.append(taken)
            row.peak = max(row.peak, peak)
    return [row for row, *_ in cases]


def start(folder: Path) -> Iterator[Case]:
    """What a short command takes, against importing NumPy."""
    small = folder / "small.npz"
    np.savez(small, relu=np.maximum(np.random.default_rng(0).standard_normal((2000, 64), np.float32), 0))
    commands = {
        "eval relu -1 0 1": ("eval", "relu", "-1", "0", "1"),
        "deadcheck small.npz": ("deadcheck", str(small)),
        "compare relu gelu": ("compare", "relu", "gelu"),
        "plot relu": ("plot", "relu"),
    }
    for name, arguments in commands.items():
        row = Measured("Start", f"`{name}`", "–", 0, "`python -c 'import numpy'`")
        yield row, (*ACTCLI, *arguments), NUMPY, None


def pipe(folder: Path) -> Iterator[Case]:
    """Numbers as text through a pipe, against mawk."""
    require(shutil.which("mawk"), "pipes: mawk is not installed")
    x = np.random.default_rng(1).normal(size=2_000_000)
    for count in (20_000, 200_000, 2_000_000):
        numbers = folder / f"{count}.txt"
        numbers.write_text("\n".join(map(repr, x[:count].tolist())) + "\n")
        for threads in THREADS:
            row = Measured("Pipes", "`eval relu` from text to text", f"{count:,} numbers", threads, "mawk")
            mawk = ("mawk", "{print ($1>0)?$1:0}")
            yield row, (*ACTCLI, "eval", "relu", "--threads", str(threads)), mawk, numbers


def arrays(folder: Path) -> Iterator[Case]:
    """All statistics of recorded arrays, against PyTorch's reductions."""
    require_torch("recorded arrays")
    layers = [((samples, 512), "<f4") for samples in (2_000, 20_000, 200_000)]
    layers += [((500, 64, 28, 28), "<f4"), ((1_000, 512, 7, 7), "<f4"), ((50_000, 512), "<f2")]
    for shape, descr in layers:
        path = folder / f"{'x'.join(map(str, shape))}{descr[1:]}.npy"
        deadness.write(path, shape, descr)
        for threads in THREADS if shape[1:] == (512,) and descr == "<f4" else THREADS[-1:]:
            row = Measured(
                "Recorded arrays",
                f"`deadcheck` of {' x '.join(map(str, shape[1:]))}, {np.dtype(descr).name}",
                f"{shape[0]:,} samples, {path.stat().st_size / 1e6:,.0f} MB",
                threads,
                "the same statistics by PyTorch's reductions, with as many threads",
            )
            theirs = (PYTHON, "-c", deadness.TORCH, str(path), str(threads))
            yield row, deadcheck(path, threads), theirs, None


def archives(folder: Path) -> Iterator[Case]:
    """Archives against the same array as .npy, and against zcat."""
    for samples in (2_000, 20_000, 200_000):
        plain = folder / f"plain{samples}.npy"
        deadness.write(plain, (samples, 512), "<f4")
        stored = deadness.packed(plain, zipfile.ZIP_STORED)
        stored = stored.rename(folder / f"stored{samples}.npz")
        packed = deadness.packed(plain, zipfile.ZIP_DEFLATED).rename(folder / f"packed{samples}.npz")
        zipped = folder / f"{samples}.gz"
        zipped.write_bytes(gzip.compress(plain.read_bytes(), 1))
        for kind, archive, name in (("stored", stored, "the same as `.npy`"), ("deflated", packed, "`zcat`")):
            for threads in THREADS:
                work = f"`deadcheck` of a {kind} `.npz`"
                row = Measured(f"Archives, {kind}", work, f"{samples:,} x 512", threads, name)
                npy, zcat = deadcheck(plain, threads), ("zcat", str(zipped))
                yield row, deadcheck(archive, threads), npy if kind == "stored" else zcat, None


def shards(folder: Path) -> Iterator[Case]:
    """One layer in many files, against the same in one."""
    for count in (10, 100, 1000):
        place = folder / f"shards{count}"
        place.mkdir()
        whole = np.maximum(np.random.default_rng(3).standard_normal((count * 20, 64), np.float32), 0)
        for number, part in enumerate(np.split(whole, count)):
            np.save(place / f"{number:04}.npy", part)
        np.save(folder / f"whole{count}.npy", whole)
        row = Measured(
            "Shards",
            "`deadcheck layer=shards/*.npy`",
            f"{count:,} files of 20 x 64",
            2,
            "one file of all",
            files=count,
        )
        yield row, deadcheck(f"a={place}/*.npy"), deadcheck(folder / f"whole{count}.npy"), None


def files(folder: Path) -> Iterator[Case]:
    """From .npy to .npy, against PyTorch."""
    require_torch("files")
    x = np.random.default_rng(2).normal(size=20_000_000).astype(np.float32) * 2
    out = str(folder / "out.npy")
    for count in (200_000, 2_000_000, 20_000_000):
        source = str(folder / f"eval{count}.npy")
        np.save(source, x[:count])
        for threads in THREADS:
            work, other = "`eval gelu x.npy -o y.npy`, float32", "PyTorch, on as many threads"
            row = Measured("Files", work, f"{count:,} numbers", threads, other)
            ours = (*ACTCLI, "eval", "gelu", source, "-o", out, "--threads", str(threads))
            theirs = ("env", f"OMP_NUM_THREADS={threads}", PYTHON, "-c", ratios.TORCH, "gelu", source, out)
            yield row, ours, theirs, None


def training(folder: Path, rounds: int, timed: Timer) -> tuple[list[Measured], list[str]]:
    """Networks trained together, against PyTorch, JAX and the matrix products alone (tests/benchmarks/training.py)."""
    import training as benchmark

    work, size = (
        "`compare ... --by training`, 6 functions",
        f"{len(benchmark.FUNCTIONS) * benchmark.SEEDS} networks",
    )
    given, everyone = folder / "given.npz", folder / "everyone.npz"
    benchmark.give(everyone, range(benchmark.SEEDS))

    def torch_loop(seed: int) -> float:
        benchmark.give(given, [seed])
        found = benchmark.loop(PYTHON, given, "bare")
        return benchmark.SEEDS * sum(seconds for seconds, _ in found)

    def jax_loop(_: int) -> float:
        return sum(seconds for seconds, _ in benchmark.jax_loop(PYTHON, everyone))

    # what it is measured against, the packages that this needs, and its seconds in a round
    others: dict[str, tuple[str, str, Callable[[int], float]]] = {
        "": (
            "a PyTorch loop on one thread, one network of each function, scaled to all",
            "torch",
            torch_loop,
        ),
        ", against JAX": ("JAX with `vmap`, `scan` and `jit` on all cores, with compiling", "jax", jax_loop),
        ", against its matrix products": (
            "the matrix products alone, on two threads",
            "",
            lambda _: timed(benchmark.products_command())[0],
        ),
    }
    there = {end: other for end, other in others.items() if not other[1] or imports(other[1])}
    rows = {end: Measured("Training", work + end, size, 2, other[0]) for end, other in there.items()}
    for seed in range(rounds):
        taken = benchmark.program(folder).wall
        for end, (_, _, seconds) in there.items():
            rows[end].ours.append(taken)
            rows[end].theirs.append(seconds(seed))
    own = []
    for end, size, ours, theirs in benchmark.against_itself():
        own.append((Measured("Training", f"{work}, {end}", size, 2, "the same"), ours, theirs, None))
    rows |= {row.work + row.size: row for row in run(timed, own, rounds)}
    left_out = [
        f"training{end}: no {other[1]} ({NAMED})" for end, other in others.items() if end not in there
    ]
    return list(rows.values()), left_out


def models(folder: Path) -> Iterator[Case]:
    """ONNX models watched, against onnxruntime alone at its best length of batches (tests/benchmarks/models.py)."""
    require(
        subprocess.run(
            [sys.executable, "-c", "import onnxruntime, PIL"], capture_output=True, check=False
        ).returncode
        == 0,
        "ONNX models: onnxruntime or Pillow is not installed",
    )
    import models as benchmark

    there = {case: benchmark.shipped(path) for case, (path, *_) in benchmark.CASES.items()}
    require(
        all(there.values()), "ONNX models: rapidocr_onnxruntime is neither installed nor in ACTCLI_MODELS"
    )
    for case, (_, count, height, width, sizes) in benchmark.CASES.items():
        data = folder / f"{case}.npy"
        np.save(data, benchmark.pictures(count, height, width))

        def plain(size: int, data: Path = data, case: str = case, threads: int = 2) -> Command:
            model = str(there[case])
            return sys.executable, "-c", benchmark.PLAIN, model, str(data), str(size), str(threads)

        best = min(sizes, key=lambda size: ratios.seconds(plain(size)))
        parts = {count // share: folder / f"{case}{share}.npy" for share in (100, 10) if count > 100}
        for part, path in parts.items():
            np.save(path, np.load(data, mmap_mode="r")[:part])
        work = [(part, path, 2, ()) for part, path in parts.items()]
        work += [(count, data, 1, ()), (count, data, 2, ()), (count, data, 2, ("--quick",))]
        for samples, path, threads, more in work:
            row = Measured(
                "ONNX models",
                f"`{' '.join(('deadcheck', f'{case}.onnx', *more))}`",
                f"{samples:,} x 3 x {height} x {width}",
                threads,
                "onnxruntime alone, on as many threads, at its best length of batches",
            )
            ours = (*deadcheck(there[case], threads), "--data", str(path), *more)
            other = plain(best, path, case, threads)
            yield row, (*ours, "-o", str(folder / "out.json")), other, None


def large(folder: Path) -> Iterator[Case]:
    """Files of 10 GB, larger than the memory that is left for them, against reading or unpacking the same bytes."""
    free = shutil.disk_usage(folder).free
    require(
        free > LARGE_DISK, f"10 GB files: {free / 1e9:.0f} GB of disk are free, {LARGE_DISK / 1e9:.0f} needed"
    )
    halves = folder / "float16.npy"
    deadness.write(halves, (LARGE_SAMPLES, 1024), "<f2", pieces=1000)
    yield large_row("float16, `.npy`", "`cat`"), deadcheck(halves), ("cat", str(halves)), None
    halves.unlink()
    plain = folder / "plain.npy"
    deadness.write(plain, (LARGE_SAMPLES, 512), "<f4", pieces=1000)
    yield large_row("float32, `.npy`", "`cat`"), deadcheck(plain), ("cat", str(plain)), None
    stored = deadness.packed(plain, zipfile.ZIP_STORED)
    yield large_row("float32, stored `.npz`", "the same as `.npy`"), deadcheck(stored), deadcheck(plain), None
    stored.unlink()
    packed = deadness.packed(plain, zipfile.ZIP_DEFLATED)
    plain.unlink()
    zipped = deadness.as_gzip(packed)
    yield large_row("float32, deflated `.npz`", "`zcat`"), deadcheck(packed), ("zcat", str(zipped)), None


def large_row(kind: str, against: str) -> Measured:
    """Return the row of a large file."""
    return Measured("Large files", f"`deadcheck`, {kind}, against {against}", "10.2 GB", 2, against)


def deadcheck(source: object, threads: int = 2) -> Command:
    """Return the command that judges a file, or files."""
    return *ACTCLI, "deadcheck", str(source), "--threads", str(threads)


CASES: dict[str, Callable[[Path], Iterator[Case]]] = {
    "start": start,
    "pipe": pipe,
    "arrays": arrays,
    "archives": archives,
    "shards": shards,
    "files": files,
    "models": models,
}
LARGE_SAMPLES, LARGE_DISK = 5_000_000, 22 * 10**9
LARGE_ROUNDS = 3


class MissingError(Exception):
    """Something that a subject needs is not here."""


def require(there: object, reason: str) -> None:
    """Raise MissingError where something is not there."""
    if not there:
        raise MissingError(reason)


def require_torch(subject: str) -> None:
    """Raise MissingError where there is no PyTorch."""
    require(imports("torch"), f"{subject}: no PyTorch ({NAMED})")


def imports(package: str) -> bool:
    """Return whether the other Python has a package."""
    return not subprocess.run(
        [PYTHON, "-c", f"import {package}"], capture_output=True, check=False
    ).returncode


def measure(subjects: Sequence[str], rounds: int) -> tuple[list[Measured], list[str]]:
    """Return the rows of some subjects, and why others were left out."""
    rows: list[Measured] = []
    left_out: list[str] = []
    # compiled once, as every installed program is
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as cache, closing(Timer()) as timed:
        os.environ["PYTHONPYCACHEPREFIX"] = cache
        for subject in subjects:
            print(f"{subject} ...", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                try:
                    if subject == "training":
                        found, missing_ones = training(Path(folder), rounds, timed)
                        rows += found
                        left_out += missing_ones
                        continue
                    if subject == "large":  # each file is deleted before there is the next
                        for case in large(Path(folder)):
                            rows += run(timed, [case], min(rounds, LARGE_ROUNDS))
                        continue
                    cases = list(CASES[subject](Path(folder)))
                    for _, ours, _, stdin in cases[:4]:
                        timed(ours, stdin)
                    rows += run(timed, cases, rounds)
                except MissingError as missing:
                    left_out.append(str(missing))
    return rows, left_out


def load(besides: float) -> float:
    """Return the programs that wanted a core in the last minute, besides these."""
    return max(os.getloadavg()[0] - besides, 0.0)


def main() -> int:
    """Measure, then print, write or compare."""
    subjects = [*CASES, "training"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="write docs/performance.md")
    what.add_argument(
        "--check", action="store_true", help="exit with 1 where a ratio is 1.3 times the page's"
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"{ROUNDS}; at least 1, with --write {ROUNDS}"
    )
    parser.add_argument("--large", action="store_true", help="files of 10 GB; needs 22 GB of disk")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(subjects))
    options = parser.parse_args()
    if unknown := sorted(set(options.subjects) - set(subjects)):
        parser.error(f"no subject {', '.join(unknown)}; there are {', '.join(subjects)}")
    fewest = ROUNDS if options.write else 1
    if options.rounds < fewest:
        parser.error(f"--rounds {options.rounds} is too few: at least {fewest}")
    if options.write and options.subjects:
        parser.error("--write needs all subjects")
    before = load(0)
    try:
        chosen = options.subjects or ([] if options.large and not options.write else subjects)
        rows, left_out = measure([*chosen, *["large"] * options.large], options.rounds)
        if not options.large:
            left_out.append("Files of 10 GB: --large measures them")
    except subprocess.CalledProcessError as error:
        parser.exit(2, f"exit status {error.returncode} of {' '.join(map(str, error.cmd))[:300]}\n")
    text = page(rows, left_out, (before, load(2)))
    if options.check:
        old = documented(PAGE.read_text("utf-8"))
        found = worse(rows, old)
        compared = sum(row.key in old for row in rows)
        print("\n".join(found or [f"{compared} of {len(old)} ratios of the page compared: none is worse"]))
        return 1 if found else 0
    if options.write:
        PAGE.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
