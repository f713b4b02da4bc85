import numpy as np

from actcli import Recorder

rng = np.random.default_rng(0)
x = rng.normal(size=(2000, 8))
y = np.sin(x @ rng.normal(size=(8, 1)))
w1, b1, w2 = rng.normal(size=(8, 32)) / 2, np.zeros(32), rng.normal(size=(32, 1)) / 4

recorder = Recorder()
for epoch in range(3):
    for rows in np.split(rng.permutation(2000), 50):
        h = np.maximum(x[rows] @ w1 + b1, 0)
        recorder.add("hidden", h)  # the outputs of a relu
        error = (h @ w2 - y[rows]) / len(rows)
        back = (error @ w2.T) * (h > 0)
        w1, b1, w2 = w1 - 0.5 * x[rows].T @ back, b1 - 0.5 * back.sum(0), w2 - 0.5 * h.T @ error
    print(recorder.epoch())
recorder.save("run.npz")
