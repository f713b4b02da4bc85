from itertools import pairwise

import numpy as np

from actcli import Recorder

rng = np.random.default_rng(1)
x = rng.normal(size=(2000, 8))
y = np.sin(x @ rng.normal(size=(8, 1)))
sizes = (8, 48, 48, 1)
weights = [rng.normal(size=pair) * (2 / pair[0]) ** 0.5 for pair in pairwise(sizes)]
biases = [np.zeros(size) for size in sizes[1:]]

recorder = Recorder()
for epoch in range(1, 13):
    rate = 2.5 if epoch in {5, 6} else 0.1
    for rows in np.split(rng.permutation(2000), 50):
        h = [x[rows]]
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = h[-1] @ w + b
            h.append(np.maximum(z, 0) if layer < 2 else z)
            if layer < 2:
                recorder.add(f"layer{layer + 1}", h[-1])
        back = np.clip((h[-1] - y[rows]) / len(rows), -0.02, 0.02)
        for layer in (2, 1, 0):
            step, bias_step = h[layer].T @ back, back.sum(0)
            back = (back @ weights[layer].T) * (h[layer] > 0)
            weights[layer] -= rate * step
            biases[layer] -= rate * bias_step
    report = recorder.epoch()
recorder.save("run.npz")
print(f"epoch {report.number}: {report.dead} dead units")
