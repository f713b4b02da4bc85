"""Files on an S3 server of our own, read in ranges and written whole, on one machine and on a cluster."""

import importlib.util
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from cluster_processes import ENVIRON, SECONDS, Cluster
from safetensors_bytes import safetensors

from actcli.exits import DataError
from actcli.remote import url_version

pytest.importorskip("s3fs")
pytest.importorskip("moto")
pytest.importorskip("distributed")

RNG = np.random.default_rng(0)
HIDDEN = "not-to-be-printed"


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    """The environment that leads to an S3 server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRON,
        cwd=tmp_path_factory.mktemp("server"),
    )
    environ = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": HIDDEN,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    yield environ
    server.kill()
    server.wait()


def actcli(*arguments, folder, storage, **other):
    done = subprocess.run(
        [sys.executable, "-m", "actcli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**ENVIRON, **storage, **other},
        timeout=SECONDS,
        check=False,
    )
    assert HIDDEN not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def on_s3(storage):
    import s3fs

    return s3fs.S3FileSystem(
        key=storage["AWS_ACCESS_KEY_ID"],
        secret=storage["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=storage["AWS_ENDPOINT_URL"],
        skip_instance_cache=True,
    )


def save_models(folder):
    """A layer of relu, with its weights inside and with its weights beside it; none without the package."""
    (folder / "models").mkdir()
    if importlib.util.find_spec("onnx") is None:
        (folder / "models/m.onnx").touch()
        return
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(RNG.integers(-1, 2, size=(24, 9)).astype(np.float32), "W")
    nodes = [helper.make_node("MatMul", ["x", "W"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", n]) for name, n in (("x", 24), ("y", 9))
    )
    graph = helper.make_graph(nodes, "m", [x], [y], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "models/m.onnx")
    onnx.save(
        model, folder / "models/beside.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )


@pytest.fixture(scope="module")
def bucket(storage, tmp_path_factory):
    """The same files in a folder and in a bucket."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "acts").mkdir()
    for number, samples in enumerate((300, 40, 700)):
        z = RNG.normal(size=(samples, 24))
        z[:, ::5] -= 9
        h = np.maximum(z, 0).astype(np.float32)
        np.savez_compressed(folder / f"acts/{number}.npz", a=h, b=h[:, :7])
        np.save(folder / f"acts/{number}.npy", h)
        (folder / f"acts/{number}.safetensors").write_bytes(safetensors(a=h.astype(np.float16), b=h))
    np.save(folder / "acts/turned.npy", np.asfortranarray(RNG.normal(size=(90, 6, 5))))
    np.save(folder / "x.npy", RNG.normal(size=50_000))
    (folder / "x.csv").write_text("x,y\n-1,2\n3,4\n")
    save_models(folder)
    subprocess.run(["gzip", "--keep", folder / "x.npy", folder / "models/m.onnx"], check=True)
    system = on_s3(storage)
    for _ in range(SECONDS):
        try:
            system.mkdir("bucket")
            break
        except OSError:
            time.sleep(0.2)
    for path in folder.rglob("*.*"):
        system.pipe(f"bucket/{path.relative_to(folder)}", path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def two_workers_with_storage(storage, tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("two"))
    for _ in range(2):
        cluster.add_worker(**storage)
    yield cluster
    cluster.stop()


@pytest.mark.parametrize(
    "pattern", ["acts/*.npz", "a=acts/[0-2].npy", "acts/*.safetensors", "acts/turned.npy"]
)
def test_recorded_activations(bucket, storage, two_workers_with_storage, pattern):
    layer, equals, files = pattern.rpartition("=")
    here = (
        [pattern]
        if equals or "*" not in pattern
        else sorted(f"acts/{one.name}" for one in bucket.glob(files))
    )
    run = ["deadcheck", "--fail-above", "5%"]
    there = f"{layer}{equals}s3://bucket/{files}"
    status, out, _ = actcli(*run, *here, "--save-state", "here.npz", folder=bucket, storage=storage)
    for cluster in ([], ["--cluster", two_workers_with_storage.address]):
        found = actcli(*run, there, "--save-state", "there.npz", *cluster, folder=bucket, storage=storage)
        assert found[:2] == (status, out)
        assert (bucket / "there.npz").read_bytes() == (bucket / "here.npz").read_bytes()


def test_models(bucket, storage, two_workers_with_storage):
    pytest.importorskip("onnxruntime")
    data = ["--data", "s3://bucket/acts/[0-2].npy", "--save-state", "there.npz"]

    def run(*arguments):
        return actcli("deadcheck", *arguments, folder=bucket, storage=storage)

    here = run("models/m.onnx", "--data", "acts/[0-2].npy", "--save-state", "here.npz")
    assert here[0] == 0
    for model, cluster in (("m.onnx.gz", []), ("m.onnx", ["--cluster", two_workers_with_storage.address])):
        assert run(f"s3://bucket/models/{model}", *data, *cluster) == here
    assert (bucket / "there.npz").read_bytes() == (bucket / "here.npz").read_bytes()
    status, out, err = run("s3://bucket/models/beside.onnx", *data)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "copy the model and these files" in err


def test_numbers_come_and_go(bucket, storage):
    for name in ("x.npy", "x.npy.gz"):
        here = actcli("eval", "gelu", name, "-o", "here.npy", folder=bucket, storage=storage)
        there = actcli(
            "eval", "gelu", f"s3://bucket/{name}", "-o", "s3://bucket/out.npy", folder=bucket, storage=storage
        )
        assert here == there
        assert here[0] == 0
        assert on_s3(storage).cat_file("bucket/out.npy") == (bucket / "here.npy").read_bytes()
    table = actcli(
        "eval",
        "relu",
        "-i",
        "s3://bucket/x.csv",
        "--column",
        "x",
        "--format",
        "plain",
        folder=bucket,
        storage=storage,
    )
    assert table[:2] == (0, "0.0\n3.0\n")


def test_statistics_are_saved_behind_a_url(bucket, storage):
    state = "s3://bucket/states/a.npz"
    assert actcli("deadcheck", "acts/0.npy", "--save-state", state, folder=bucket, storage=storage)[0] == 0
    found = actcli("deadcheck", state, folder=bucket, storage=storage)
    assert "5 of 24 units" in found[2]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["deadcheck", "s3://bucket/none.npy"], 1, "No such file"),
        (["deadcheck", "s3://bucket/none/*.npy"], 1, "no file matches"),
        (["deadcheck", "a=s3://bucket/none/*.npy"], 1, "no file matches"),
        (["deadcheck", "s3://nowhere/x.npy"], 1, "nowhere"),
        (["deadcheck", "s3://"], 1, "s3://"),
        (["deadcheck", "nosuch://bucket/x.npy"], 1, "nosuch"),
        (["deadcheck", "gs://bucket/x.npy"], 1, "gcsfs"),
        (["eval", "relu", "s3://bucket/none.npy"], 1, "No such file"),
        (["eval", "relu", "1", "-o", "s3://nowhere/out.npy"], 1, "cannot write"),
        (["eval", "relu", "1", "-o", "nosuch://out.npy"], 1, "nosuch"),
        (["deadcheck", "s3://bucket/x.csv.npz"], 1, "No such file"),
        (["deadcheck", "s3://bucket/none.onnx", "--random", "3"], 1, "No such file"),
    ],
)
def test_what_is_not_there(bucket, storage, arguments, status, words):
    code, out, err = actcli(*arguments, folder=bucket, storage=storage)
    assert (code, out) == (status, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("scheme", "package"), [("gs", "gcsfs"), ("az", "adlfs"), ("hf", "huggingface_hub")])
def test_the_package_that_a_storage_needs_is_named(scheme, package):
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(DataError, match=f"^{scheme}://bucket/x.npy: .*[Ii]nstall {package} "):
        url_version(f"{scheme}://bucket/x.npy")


def test_a_server_that_sends_no_parts(bucket, storage):
    """Arrays stream; of an archive, whose list is at its end, parts are needed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**ENVIRON, "PYTHONUNBUFFERED": "1"},
        cwd=bucket,
    )
    try:
        server.stdout.readline()  # it listens
        url = f"http://someone:{HIDDEN}@127.0.0.1:{port}/acts/0"
        array = actcli("deadcheck", f"{url}.npy?signature={HIDDEN}", folder=bucket, storage=storage)
        archive = actcli("deadcheck", f"{url}.npz", folder=bucket, storage=storage)
        written = actcli("eval", "relu", "1", "-o", f"{url}.txt", folder=bucket, storage=storage)
    finally:
        server.kill()
        server.communicate()
    assert "5 of 24 units" in array[2]
    assert archive[0] == 1
    assert archive[2].startswith(
        f"actcli: http://127.0.0.1:{port}/acts/0.npz: the server sends no parts of a file"
    )
    assert written[0] == 1
    assert "cannot be written" in written[2]
