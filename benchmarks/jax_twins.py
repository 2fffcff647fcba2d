"""The race's other side: ns_gan, wgan_gp and dcgan in JAX, seeds by vmap, steps by scan, all of it one jitted call.

``python jax_twins.py ns_gan SEEDS`` waits for lines on its input; for each, a number of steps, it makes these and
prints the CPU milliseconds of one. It needs only jax and optax, so that it may run in an environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import optax

BATCH, WIDTH = 64, 128
CHUNKS = {"ns_gan": 64, "wgan_gp": 64, "dcgan": 4}  # steps of one jitted call
CHANNELS, LATENT, IMAGES = 32, 100, 1000
softplus = jax.nn.softplus
State = Any
adam = optax.adam(1e-3, b1=0.5)


def perceptron(key: Any, sizes: list[int]) -> Any:
    keys = jax.random.split(key, len(sizes) - 1)
    start = jax.nn.initializers.orthogonal(1.4)
    shapes = zip(keys, sizes[:-1], sizes[1:], strict=True)
    return [(start(each, (rows, columns)), jnp.zeros(columns)) for each, rows, columns in shapes]


def net(p: Any, x: Any) -> Any:
    for w, b in p[:-1]:
        x = jax.nn.leaky_relu(x @ w + b, 0.1)
    w, b = p[-1]
    return x @ w + b


def ring(key: Any) -> Any:
    mode, noise = jax.random.split(key)
    angle = jax.random.randint(mode, (BATCH,), 0, 8) * (2 * jnp.pi / 8)
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1) + 0.01 * jax.random.normal(noise, (BATCH, 2))


def descended(net: Any, moments: Any, grad: Any) -> tuple[Any, Any]:
    change, moments = adam.update(grad, moments)
    return optax.apply_updates(net, change), moments


def followed(average: Any, G: Any) -> Any:
    return jax.tree.map(lambda mean, weight: 0.999 * mean + 0.001 * weight, average, G)


def started(G: Any, D: Any) -> State:
    return G, D, adam.init(G), adam.init(D), G


def on_the_ring(penalised: bool) -> tuple[Callable[[Any], State], Callable[[State, Any], tuple[State, float]]]:
    """Return the start and the step of ns_gan, or of wgan_gp with five steps of its critic."""

    def d_loss(D: Any, G: Any, x: Any, z: Any, share: Any) -> Any:
        fake = net(G, z)
        if not penalised:
            return (softplus(-net(D, x)) + softplus(net(D, fake))).mean()
        between = share * x + (1 - share) * fake
        slope = jax.vmap(jax.grad(lambda q: net(D, q[None])[0, 0]))(between)
        penalty = jnp.mean((jnp.linalg.norm(slope, axis=1) - 1) ** 2)
        return (net(D, fake) - net(D, x)).mean() + 10 * penalty

    def g_loss(G: Any, D: Any, z: Any) -> Any:
        said = net(D, net(G, z))
        return (-said).mean() if penalised else softplus(-said).mean()

    def step(state: State, key: Any) -> tuple[State, float]:
        G, D, of_G, of_D, average = state
        keys = jax.random.split(key, 16)
        for i in range(5 if penalised else 1):
            x, z = ring(keys[3 * i]), jax.random.normal(keys[3 * i + 1], (BATCH, 2))
            share = jax.random.uniform(keys[3 * i + 2], (BATCH, 1))
            D, of_D = descended(D, of_D, jax.grad(d_loss)(D, G, x, z, share))
        z = jax.random.normal(keys[-1], (BATCH, 2))
        G, of_G = descended(G, of_G, jax.grad(g_loss)(G, D, z))
        return (G, D, of_G, of_D, followed(average, G)), 0.0

    def start(key: Any) -> State:
        one, other = jax.random.split(key)
        return started(perceptron(one, [2, WIDTH, WIDTH, 2]), perceptron(other, [2, WIDTH, WIDTH, 1]))

    return start, step


def dcgan() -> tuple[Callable[[Any], State], Callable[[State, Any], tuple[State, float]]]:
    """Return the start and the step of DCGAN on 28 by 28 pixels, as ``baselines/dcgan.py`` has it."""
    names = ("NHWC", "HWIO", "NHWC")

    def down(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)), dimension_numbers=names)

    def up(x: Any, w: Any) -> Any:
        return jax.lax.conv_transpose(x, w, (2, 2), ((2, 2), (2, 2)), dimension_numbers=names)

    def normed(p: Any, x: Any) -> Any:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return (x - mean) * (p["scale"] / jnp.sqrt(variance + 1e-5)) + p["shift"]

    def generate(p: Any, z: Any) -> Any:
        x = jax.nn.relu(normed(p["n0"], (z @ p["w0"]).reshape(-1, 7, 7, 2 * CHANNELS)))
        x = jax.nn.relu(normed(p["n1"], up(x, p["w1"])))
        return jnp.tanh(up(x, p["w2"]) + p["b2"])

    def decide(p: Any, x: Any) -> Any:
        x = jax.nn.leaky_relu(down(x, p["w0"]) + p["b0"], 0.2)
        x = jax.nn.leaky_relu(normed(p["n1"], down(x, p["w1"])), 0.2)
        return (x.reshape(x.shape[0], -1) @ p["w2"] + p["b2"])[:, 0]

    def unit(channels: int) -> Any:
        return {"scale": jnp.ones(channels), "shift": jnp.zeros(channels)}

    def start(key: Any) -> State:
        keys = iter(jax.random.split(key, 6))

        def drawn(*shape: int) -> Any:
            return 0.02 * jax.random.normal(next(keys), shape)

        wide = 2 * CHANNELS
        G = {"w0": drawn(LATENT, 49 * wide), "n0": unit(wide), "w1": drawn(4, 4, wide, CHANNELS), "n1": unit(CHANNELS)}
        G |= {"w2": drawn(4, 4, CHANNELS, 1), "b2": jnp.zeros(1)}
        D = {"w0": drawn(4, 4, 1, CHANNELS), "b0": jnp.zeros(CHANNELS), "w1": drawn(4, 4, CHANNELS, wide)}
        D |= {"n1": unit(wide), "w2": drawn(49 * wide, 1), "b2": jnp.zeros(1)}
        return started(G, D)

    images = jax.random.uniform(jax.random.PRNGKey(9), (IMAGES, 28, 28, 1)) * 2 - 1

    def d_loss(D: Any, G: Any, x: Any, z: Any) -> Any:
        return softplus(-decide(D, x)).mean() + softplus(decide(D, generate(G, z))).mean()

    def g_loss(G: Any, D: Any, z: Any) -> Any:
        return softplus(-decide(D, generate(G, z))).mean()

    def step(state: State, key: Any) -> tuple[State, float]:
        G, D, of_G, of_D, average = state
        keys = jax.random.split(key, 3)
        x = images[jax.random.randint(keys[0], (BATCH,), 0, IMAGES)]
        z, again = (jax.random.uniform(each, (BATCH, LATENT)) * 2 - 1 for each in keys[1:])
        D, of_D = descended(D, of_D, jax.grad(d_loss)(D, G, x, z))
        G, of_G = descended(G, of_G, jax.grad(g_loss)(G, D, again))
        return (G, D, of_G, of_D, followed(average, G)), 0.0

    return start, step


def main(name: str, seeds: int) -> None:
    """Answer each line of the input."""
    start, step = dcgan() if name == "dcgan" else on_the_ring(name == "wgan_gp")
    chunk = CHUNKS[name]

    def steps(state: State, key: Any) -> State:
        return jax.lax.scan(step, state, jax.random.split(key, chunk))[0]

    @jax.jit
    def run(states: State, keys: Any) -> State:
        if seeds == 1:  # without vmap, which makes a convolution of one group
            one = steps(jax.tree.map(lambda leaf: leaf[0], states), keys[0])
            return jax.tree.map(lambda leaf: leaf[None], one)
        return jax.vmap(steps)(states, keys)

    states = jax.vmap(start)(jax.random.split(jax.random.PRNGKey(0), seeds))
    began = time.perf_counter()
    states = jax.block_until_ready(run(states, jax.random.split(jax.random.PRNGKey(1), seeds)))
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(states[0])):
        raise SystemExit(f"{name} in JAX diverged")
    print(json.dumps({"first": time.perf_counter() - began, "version": jax.__version__}), flush=True)
    calls = 1
    for line in sys.stdin:
        count = max(1, round(int(line) / chunk))
        began = time.process_time()
        for _ in range(count):
            calls += 1
            states = jax.block_until_ready(run(states, jax.random.split(jax.random.PRNGKey(calls), seeds)))
        print(json.dumps((time.process_time() - began) / count / chunk * 1e3), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
