"""Masked activations, sparse records and text on workers: the bits of one machine."""

import numpy as np
import pytest
from cluster_processes import deadcheck, same_as_on_one_machine

pytest.importorskip("distributed")

RNG = np.random.default_rng(0)
SIZES = (40, 1, 300, 25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Archives with masks beside the layers, one mask for all, indices with values, and text."""
    folder = tmp_path_factory.mktemp("records")
    masks = []
    for number, samples in enumerate(SIZES):
        z = RNG.normal(size=(samples, 9, 16))
        z[..., ::5] -= 9
        h = np.maximum(z, 0).astype(np.float32)
        mask = np.arange(9) < RNG.integers(0, 10, size=(samples, 1))
        masks.append(mask)
        np.savez(folder / f"m{number}.npz", a=h, b=h[:, 0], mask=mask)
        np.save(folder / f"h{number}.npy", h)
        index = np.argsort(RNG.random((samples, 9, 30)))[..., :3]
        np.savez(
            folder / f"s{number}.npz", idx=index, val=RNG.random(index.shape).astype(np.float32), other=mask
        )
        np.save(folder / f"idx{number}.npy", index)
        np.save(folder / f"val{number}.npy", np.ones(index.shape))
        np.savetxt(folder / f"t{number}.csv", h[:, 0], delimiter=",")
    np.save(folder / "mask.npy", np.concatenate(masks))
    places = np.argwhere(RNG.random((50, 8)) < 0.3)
    np.savez(folder / "coo.npz", loc=places, val=np.ones(len(places)))
    (folder / "t9.csv").write_text("1,2\n3,x\n")
    return folder


ARCHIVES = [f"s{number}.npz" for number in range(4)]


@pytest.mark.parametrize(
    "arguments",
    [
        [*(f"m{number}.npz" for number in range(4)), "--mask", "mask", "--unit-axis", "a=-1"],
        ["h=h*.npy", "--mask", "mask.npy", "--unit-axis", "-1"],
        [*ARCHIVES, "--sparse", "indices=idx,values=val,units=32"],
        ["idx=idx*.npy", "val=val*.npy", "--sparse", "indices=idx,values=val,units=32"],
        [*ARCHIVES, "--sparse", "indices=idx,units=32", "--mask", "mask.npy", "--ignore-index", "3"],
        ["coo.npz", "--sparse", "locations=loc,values=val,units=9,samples=50"],
        ["t=t[0-3].csv"],
    ],
)
def test_the_bits_of_one_machine(folder, two_workers, arguments):
    same_as_on_one_machine(folder, arguments, "--cluster", two_workers.address)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["t=t*.csv"], 1, "t9.csv"),
        (["-"], 2, "standard input"),
        (["t=t[0-3].csv", "--mask", "mask.npy"], 2, "one machine"),
        (["h=h[0-2].npy", "--mask", "mask.npy", "--unit-axis", "-1"], 1, "does not fit"),
        ([*ARCHIVES, "--sparse", "indices=idx,units=9"], 1, "s0.npz"),
        ([*ARCHIVES, "--sparse", "indices=none,units=9"], 2, "no array"),
    ],
)
def test_what_cannot_be_read(folder, two_workers, arguments, status, words):
    code, out, err = deadcheck(folder, *arguments, "--cluster", two_workers.address)
    assert (code, out) == (status, "")
    assert words in err
    assert err.count("\n") == 1
