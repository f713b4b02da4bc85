"""Train Keras models with `DeadUnits` on the backend that KERAS_BACKEND names; print what was seen as JSON."""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras
from keras import layers

from actcli.exits import ActcliError
from actcli.keras import DeadUnits
from actcli.sources.records.timeline_file import read_timeline

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 10)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
IMAGES = RNG.normal(size=(40, 8, 8, 3)).astype("float32")


def train(model, x=X, y=Y, epochs=1, **options):
    """Fit a model; return its callback, the reports, and the history."""
    reports = []
    callback = DeadUnits(x, show=reports.append, **options)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, y, epochs=epochs, verbose=0, callbacks=[callback])
    return callback, reports, history.history


def kill(layer, *units):
    """Set the biases of some units so low that no training revives them."""
    kernel, bias = layer.get_weights()
    bias[list(units)] = -1e4
    layer.set_weights([kernel, bias])


def dead_units(report):
    return {layer.name: np.flatnonzero(layer.dead_units).tolist() for layer in report.report.layers}


def sequential():
    """Each way to write an activation, in a Sequential model."""
    first = layers.Dense(32, activation="relu")
    model = keras.Sequential(
        [
            layers.Input((10,)),
            first,
            layers.Dropout(0.5),
            layers.Dense(16),
            layers.LeakyReLU(name="leaky"),
            layers.Dense(16, activation=layers.ReLU(6.0, name="capped")),
            layers.Dense(8, activation="gelu", name="smooth"),
            layers.Activation("tanh", name="turned"),
            layers.PReLU(name="learned"),
            layers.Dense(2, activation="linear"),
        ]
    )
    kill(first, 3, 17)
    before = type(first).call, first.activation
    callback, reports, history = train(model, epochs=2, path="seq.npz")
    outputs = keras.Model(model.inputs, first.output).predict(X, verbose=0)
    rules = {layer.name: layer.state.rule.function for layer in reports[-1].report.layers}
    return {
        "dead": dead_units(reports[-1]),
        "silent by predict": np.flatnonzero(~(outputs > 0).any(axis=0)).tolist(),
        "largest by predict": outputs.max(axis=0)[:3].tolist(),
        "largest": reports[-1].report.layers[0].state.maximum[:3].tolist(),
        "samples": reports[-1].report.layers[0].samples,
        "functions": rules,
        "unobserved": callback.unobserved,
        "history": {name: values for name, values in history.items() if name != "loss"},
        "scalars": callback.scalars(),
        "epochs": [epoch.number for epoch in read_timeline("seq.npz").epochs],
        "as it was": before == (type(first).call, first.activation) and "call" not in vars(model.layers[3]),
        "gone on with": gone_on_with(model),
    }


def gone_on_with(model):
    """The numbers of the epochs in a timeline after a restart, after another `fit`, and after a step back."""
    callback, reports, _ = train(model, path="seq.npz", resume=True)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    numbers = [(report.number, report.since) for report in reports]
    model.fit(X, Y, initial_epoch=2, epochs=3, verbose=0, callbacks=[callback])
    return [*numbers, [epoch.number for epoch in read_timeline("seq.npz").epochs]]


def functional():
    """A layer that is called twice, in a model of convolutions with two inputs."""
    image, other = keras.Input((8, 8, 3), name="image"), keras.Input((4,), name="other")
    conv = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv")
    act = layers.ReLU(name="act")
    t = act(layers.Conv2D(6, 3, padding="same")(act(conv(image))))
    t = layers.GlobalAveragePooling2D()(t)
    model = keras.Model([image, other], layers.Dense(2)(layers.Concatenate()([t, other])))
    kill(conv, 5)
    x = {"image": IMAGES, "other": X[:40, :4]}
    _, reports, _ = train(model, x, Y[:40], batch_size=16)
    layer = reports[0].report.layers[0]
    return {"dead": dead_units(reports[0]), "samples": layer.samples, "elements": layer.state.elements}


def nested():
    """A subclassed model of two models in which layers have one name, and an LSTM."""

    class Block(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(5, activation="relu", name="dense")

        def call(self, x):
            return self.dense(x)

    class Whole(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Block(), Block()
            self.lstm, self.head = layers.LSTM(4, name="lstm"), layers.Dense(2)

        def call(self, x):
            return self.head(self.lstm(keras.ops.expand_dims(self.b(self.a(x)), 1)))

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        callback, reports, _ = train(Whole(), epochs=2)
    said = [str(one.message) for one in warned if "actcli" in str(one.message)]
    return {"layers": sorted(dead_units(reports[0])), "unobserved": callback.unobserved, "warned": said}


def tokens():
    """A model of sequences with padding, which alone fires the first unit."""
    ids = np.array([[1, 2, 3, 0, 0], [2, 0, 0, 0, 0]] * 10)
    embedding = layers.Embedding(4, 6)
    dense = layers.Dense(5, activation="relu", name="mlp")
    model = keras.Sequential(
        [
            layers.Input((5,), dtype="int32"),
            embedding,
            dense,
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    embedding.set_weights([np.concatenate([np.full((1, 6), 9.0), np.full((3, 6), -1.0)])])
    kernel, bias = dense.get_weights()
    kernel[:, 0], kernel[:, 1:] = 1, -1
    dense.set_weights([kernel, bias])
    _, reports, _ = train(model, ids, Y[:20], mask=ids > 0)
    (layer,) = reports[0].report.layers
    return {"dead": dead_units(reports[0]), "samples": layer.samples, "elements": layer.state.elements}


def refusals():
    """The one line of each wrong call."""
    dense = keras.Sequential([layers.Input((10,)), layers.Dense(2)])
    dying = keras.Sequential([layers.Input((10,)), layers.Dense(8, activation="relu"), layers.Dense(2)])
    kill(dying.layers[0], 1, 2, 3)
    calls = {
        "no activation": lambda: train(dense),
        "a list": lambda: DeadUnits([1, 2, 3]),
        "text": lambda: DeadUnits("data.npy"),
        "nothing": lambda: DeadUnits(None),
        "no samples": lambda: DeadUnits(X[:0]),
        "two lengths": lambda: DeadUnits([X, X[:5]]),
        "no batch": lambda: DeadUnits(X, batch_size=0),
        "a batch of text": lambda: DeadUnits(X, batch_size="all"),
        "a limit in percent": lambda: DeadUnits(X, fail_above=5),
        "a limit of text": lambda: DeadUnits(X, fail_above="5%"),
        "a mask of others": lambda: DeadUnits(X, mask=np.ones((5, 3))),
        "resume without a file": lambda: DeadUnits(X, resume=True),
        "a folder": lambda: DeadUnits(X, path=".", resume=True),
        "too many dead": lambda: train(dying, fail_above=0.05, path="failed.npz"),
    }
    return {name: refusal(call) for name, call in calls.items()} | {"written": Path("failed.npz").exists()}


def refusal(call):
    try:
        call()
    except ActcliError as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    runs = (sequential, functional, nested, tokens, refusals)
    json.dump({"backend": keras.backend.backend()} | {run.__name__: run() for run in runs}, sys.stdout)
