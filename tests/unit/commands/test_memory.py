"""--memory: what would need more is refused with both figures, before it is allocated."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.activations import activation
from actcli.analysis.number_types import numpy_type
from actcli.analysis.precision.rounding_loss import measure_loss
from actcli.commands.values import memory_size
from actcli.exits import DataError, UsageError


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [
        ("4GB", 4 * 10**9),
        ("4g", 4 * 10**9),
        ("1.5 GiB", 3 * 2**29),
        ("500M", 5 * 10**8),
        ("2000kB", 2 * 10**6),
        ("1TiB", 2**40),
    ],
)
def test_sizes(text: str, nbytes: int) -> None:
    assert memory_size(text) == nbytes


@pytest.mark.parametrize(
    "text",
    ["", "4", "-1GB", "0GB", "1e9", "nan", "abc", "1.5kB", "GB", "4 G B", "٤GB", "9" * 5000 + "GB", "4PB"],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match=r"size|range"):
        memory_size(text)


@pytest.mark.parametrize("line", [("--memory", "2MB", "list"), ("list", "--memory", "2MB")])
def test_it_stands_on_either_side_of_the_command(line: tuple[str, ...]) -> None:
    assert invoke(*line).status == 0
    assert "given twice" in refused(*line, "--memory", "1GB", "--memory", "2GB")


@pytest.mark.parametrize("options", [[], ["--format", "json"], ["--format", "markdown"], ["-o", "y.npy"]])
@pytest.mark.parametrize("source", ["x.txt", "x.npy", "-"])
def test_a_jacobian(options: list[str], source: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = " ".join(["0.5"] * 3000)
    Path("x.txt").write_text(row)
    np.save("x.npy", np.full((2, 3000), 0.5))
    line = ("grad", "softmax", "--jacobian", source, *options, "--memory", "50MB")
    message = refused(*line, kind=DataError, stdin=row.encode())
    assert "Jacobian of a row of 3,000 numbers" in message
    assert "50 MB" in message
    assert "--memory" in message
    assert not Path("y.npy").exists()


def test_many_small_jacobians_take_little_at_a_time(tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((300, 400)))
    tracemalloc.start()
    invoke("grad", "softmax", "--jacobian", tmp_path / "x.npy", "-o", tmp_path / "y.npy", "--memory", "300MB")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.load(tmp_path / "y.npy", mmap_mode="r").shape == (300, 400, 400)
    assert peak < 200e6


def test_a_large_jacobian_is_written_as_it_comes(tmp_path) -> None:
    """A million numbers, 16 MB: their texts were kept until the row was complete."""
    np.save(tmp_path / "x.npy", np.zeros((1, 1000)))
    tracemalloc.start()
    line = ("grad", "softmax", "--jacobian", tmp_path / "x.npy", "-o", tmp_path / "y.md", "--memory", "30MB")
    assert invoke(*line).status == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with (tmp_path / "y.md").open() as file:
        assert sum(1 for _ in file) == 1_000_000 + 4
    assert peak < 50e6


def test_a_row_that_the_function_does_not_take_is_wrong_data(tmp_path) -> None:
    (tmp_path / "x.txt").write_text("1 2 3\n")
    assert "x.txt" in refused("grad", "glu", "--jacobian", tmp_path / "x.txt", kind=DataError)


@pytest.mark.parametrize("options", [(), ("--against", "s.npz"), ("--format", "markdown")])
def test_statistics_files(options, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((2, 20000), np.float32))
    invoke("deadcheck", "x.npy", "--save-state", "s.npz")
    for source in ("s.npz",) if options[:1] != ("--against",) else ("x.npy", "s.npz"):
        message = refused("deadcheck", source, *options, "--memory", "7MB", kind=DataError)
        assert "20,000 units" in message
        assert "of memory" in message
        assert invoke("deadcheck", source, *options, "--memory", "30MB").status == 0


def test_the_splits_of_the_data() -> None:
    line = ("compare", "relu", "--by", "training", "--data", "moons", "--epochs", "1", "--seeds", "1")
    message = refused(*line, "--splits", "100", "--memory", "2MB", kind=DataError)
    assert "2,000 numbers in 100 splits" in message
    assert "--splits" in message
    assert invoke(*line, "--splits", "2", "--memory", "20MB").status == 0


@pytest.mark.parametrize("name", ["x.npy", "x.txt"])
def test_the_units_of_a_layer(name: str, tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 20000), np.float32))
    (tmp_path / "x.txt").write_text("0 " * 20000)
    message = refused("deadcheck", tmp_path / name, "--memory", "2MB", kind=DataError)
    assert "20,000 units" in message
    assert "8 MB" in message
    assert "--memory" in message
    assert invoke("deadcheck", tmp_path / name, "--memory", "100MB").status == 0


def test_a_model(tmp_path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["z"]), helper.make_node("Relu", ["z"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, ("N", 3))],
        [helper.make_empty_tensor_value_info("y")],
        [onnx.numpy_helper.from_array(np.ones((3, 40000), np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    arguments = ("deadcheck", tmp_path / "m.onnx", "--random", "10", "--memory")
    assert "1 MB" in refused(*arguments, "1MB", kind=DataError)
    assert invoke(*arguments, "4GB").status == 0


def test_a_function_that_is_nan_between_two_losses() -> None:
    # beyond -1e9 the result is above the largest float32; between -1e9 and 0, a billion numbers, it is NaN
    f = activation("1e38*sqrt(x*(x+1e9))")
    tracemalloc.start()
    loss, tails = measure_loss(f, 0, numpy_type(np.dtype(np.float32)), 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert loss.largest == np.inf
    assert tails.edges.inf_below <= -1e9
    assert peak < 300e6


@pytest.mark.parametrize("line", ["deadcheck --train relu", "compare relu --by training"])
def test_the_networks_of_a_training(line: str) -> None:
    message = refused(
        *line.split(),
        *["--width", "4096", "--depth", "3", "--epochs", "1", "--seeds", "9", "--memory", "900MB"],
    )
    assert "0.9 GB are allowed" in message
    assert "--memory" in message


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_rows_along_another_axis(format_: str, tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1000, 500)))
    line = ("eval", "softmax", tmp_path / "x.npy", "--format", format_, "--memory", "2MB")
    assert "computing along axis 0" in refused(*line, "--axis", "0", kind=DataError)
    assert invoke(*line, "--axis", "1").status == 0


@pytest.mark.parametrize("command", ["eval", "grad"])
@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.txt", "x.csv", "-"])
def test_one_row(command: str, name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = np.full((1, 20000), 0.5)
    np.save("x.npy", row)
    np.savez("x.npz", a=row)
    np.savetxt("x.txt", row)
    np.savetxt("x.csv", row, delimiter=",")
    line = (command, "softmax", name, "-o", "y.npy", "--memory")
    message = refused(*line, "3MB", kind=DataError, stdin=Path("x.txt").read_bytes())
    assert "a row of 20,000 numbers needs about 3.2 MB" in message
    assert "--memory" in message
    assert not Path("y.npy").exists()
    assert invoke(*line, "4MB", stdin=Path("x.txt").read_bytes()).status == 0


@pytest.mark.parametrize("line", [("eval", "softmax"), ("deadcheck",)], ids=" ".join)
@pytest.mark.parametrize("end", ["", "\n"])
def test_one_line(line: tuple[str, ...], end: str, tmp_path) -> None:
    (tmp_path / "x.txt").write_text("1\n" + "1 " * 3_000_000 + end)
    message = refused(*line, tmp_path / "x.txt", "--memory", "4MB", kind=DataError)
    assert "x.txt:2: a line of more than" in message
    assert "4 MB are allowed; allow more with --memory" in message


def test_a_random_network() -> None:
    line = ("compare", "relu", "gelu", "--by", "gradients", "--width", "600", "--depth", "3", "--seeds", "1")
    message = refused(*line, "--memory", "3MB", kind=DataError)
    assert "3 layers of 600 units needs about" in message
    assert "--width" in message
    assert invoke(*line, "--memory", "4MB").status == 0
