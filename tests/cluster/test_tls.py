"""A cluster whose connections are encrypted, by Dask's own configuration."""

import subprocess
import sys

import numpy as np
import pytest
from cluster_processes import ENVIRON, SECONDS, Cluster

pytest.importorskip("cryptography")
distributed = pytest.importorskip("distributed")


@pytest.fixture
def certificates(tmp_path):
    """Certificates of our own, and the environment variables that name them in Dask's configuration."""
    security = distributed.Security.temporary()
    variables = {"CA_FILE": security.tls_ca_file}
    for role in ("CLIENT", "SCHEDULER", "WORKER"):
        variables[f"{role}__CERT"] = getattr(security, f"tls_{role.lower()}_cert")
        variables[f"{role}__KEY"] = getattr(security, f"tls_{role.lower()}_key")
    for name, text in variables.items():
        (tmp_path / f"{name}.pem").write_text(text)
    return security, {
        f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(tmp_path / f"{name}.pem") for name in variables
    }


def deadcheck(folder, address, **environ):
    done = subprocess.run(
        [sys.executable, "-m", "actcli", "deadcheck", "h.npy", "--cluster", address],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**ENVIRON, **environ},
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stderr


def test_encrypted_connections(tmp_path, certificates):
    security, environ = certificates
    np.save(tmp_path / "h.npy", np.maximum(np.random.default_rng(0).normal(size=(300, 8)), 0))
    cluster = Cluster(tmp_path, "--protocol", "tls", security=security, **environ)
    try:
        cluster.add_worker("--protocol", "tls", **environ)
        assert cluster.address.startswith("tls://")
        found = deadcheck(tmp_path, cluster.address, **environ)
        assert found == (0, "actcli: No unit is dead: all 8 fired, in 300 samples.\n")
        status, message = deadcheck(tmp_path, cluster.address)
    finally:
        cluster.stop()
    assert (status, message.count("\n")) == (1, 1)
    assert "certificate" in message
