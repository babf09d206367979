"""The peers of the learning kernels: the same three networks in JAX and in PyTorch, as fast as we can make them there.

A network is written once, over the operations of either library, for arrays whose last axis is the trial: a step, and
back-propagation through it. A peer is one way to run it: who differentiates, what is compiled, on how many cores.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Answer = tuple[Floats, NDArray[np.bool_], Floats | None]  # costs (B,), errors (B,), gradients (B, P)
SIZES = (128, 256, 512, 1000, 2048, 4096, 16384)
FEW_SIZES = (1000, 4096)  # for torch.compile, which takes up to minutes for each
PARAMETERS = {"latch": 3, "two-sequence": 25, "parity": 7}


class Data(NamedTuple):
    """One sequence per trial, which ends at the last step; before its start the inputs are 0."""

    task: str
    parameters: Floats  # (B, P)
    inputs: Floats  # (B, T, m); latch: first step of class 1, first step of class 0, noise
    lengths: NDArray[np.integer[Any]]  # (B,)
    targets: Floats  # (B,)


def sample(task: str, size: int, seed: int = 0, T: int = 50) -> Data:
    """Random trials: enough to compare the peers' answers and speeds, and no training set."""
    rng = np.random.default_rng(seed)
    lengths, classes = rng.integers(T // 2, T + 1, size), rng.integers(0, 2, size)
    noise = rng.uniform(-0.2, 0.2, (size, T, 1)) + (rng.choice((-1, 1), (size, T, 1)) if task == "parity" else 0)
    steps = np.arange(T) - (T - lengths)[:, None]
    inputs = noise * (steps >= 0)[:, :, None]
    if task == "latch":
        inputs = np.stack((*((steps == 0) & (classes[:, None] == k) for k in (1, 0)), inputs[:, :, 0] * (steps > 0)), 2)
    return Data(task, rng.uniform(-0.5, 0.5, (size, PARAMETERS[task])), inputs, lengths, np.where(classes, 0.8, -0.8))


def reference(data: Data) -> Answer:
    """Sequence after sequence in NumPy; the gradients by complex steps, so that no derivative is written down."""
    P, tiny, answers = PARAMETERS[data.task], 1e-100, []
    for parameters, inputs, length, target in zip(*data[1:], strict=True):
        p = parameters[:, None] + 1j * tiny * np.eye(P)  # in column k parameter k is moved
        x = np.zeros((5 if data.task == "two-sequence" else 1, P), complex)
        for u in inputs[len(inputs) - length :]:
            if data.task == "latch":
                x = np.tanh(p[0] * x + p[1] * u[0] + p[2] * u[1] + u[2])
            elif data.task == "parity":
                h = np.tanh(p[0] * u + p[1] * x + p[2])
                x = np.tanh(p[3] * u + p[4] * x + p[5] * h + p[6])
            else:
                x = np.tanh(np.einsum("ijk,jk->ik", p.reshape(5, 5, P), x) + np.eye(5, 1) * u)
        cost = (x[-1] - target) ** 2 / 2
        answers.append((cost[0].real, (x[-1, 0].real < 0) != (target < 0), cost.imag / tiny))
    return tuple(map(np.array, zip(*answers, strict=True)))


class Library(NamedTuple):
    """What a network needs of a library."""

    numpy: Any  # functions by the names that they have in NumPy
    tanh: Callable[..., Any]
    madd: Callable[..., Any]  # c, a, b -> c + a b: in some a single operation
    scan: Callable[..., Any]  # f, carry, inputs; f(carry, t, inputs at t) -> carry, what is kept of step t
    differentiate: Callable[..., Any]  # f, p -> what f gives, gradient


class Network(NamedTuple):
    """q are its parameters, x its state, a and g the derivatives of the cost by its activations and by q."""

    units: int
    packed: bool  # the units in one array (5, B), or an array (B,) each
    ready: Callable[..., Any]  # parameters (P, B), class 1? -> q
    step: Callable[..., Any]  # q, x, input, t, start -> x afterwards, what else the step back needs
    back: Callable[..., Any]  # q, a, g, input, x before, what the step kept, t, start -> a of the step before, g
    gather: Callable[..., Any]  # g, a at the start, class 1? -> (P, B)


def latch(o: Library) -> Network:
    """One unit: w x + (at the first step the input of its class, noise later)."""

    def step(q: Any, x: Any, u: Any, t: Any, start: Any) -> Any:
        return (o.tanh(o.madd(o.numpy.where(t == start, q[1], u), q[0], x[0])),), ()

    def back(q: Any, a: Any, g: Any, u: Any, x: Any, kept: Any, t: Any, start: Any) -> Any:
        before = a[0] * q[0] * (1 - x[0] * x[0])  # from the first step on a stays as it is: dC/du
        return (o.numpy.where(t > start, before, a[0]),), (o.madd(g[0], a[0], x[0]), g[1])

    def gather(g: Any, a: Any, one: Any) -> Any:
        return o.numpy.stack((g[0], o.numpy.where(one, a[0], 0.0), o.numpy.where(one, 0.0, a[0])))

    return Network(1, False, lambda p, one: (p[0], o.numpy.where(one, p[1], p[2])), step, back, gather)


def parity(o: Library) -> Network:
    """A hidden unit of the same step and an output unit, which a mask keeps at 0 until the sequence starts."""

    def step(q: Any, x: Any, u: Any, t: Any, start: Any) -> Any:
        h = o.tanh(o.madd(o.madd(q[2], q[0], u), q[1], x[0]))
        y = o.tanh(o.madd(o.madd(o.madd(q[6], q[3], u), q[4], x[0]), q[5], h))
        return (o.numpy.where(t >= start, y, 0.0),), (h,)

    def back(q: Any, a: Any, g: Any, u: Any, x: Any, kept: Any, t: Any, start: Any) -> Any:
        (a,), (x,), (h,) = a, x, kept
        b = a * q[5] * (1 - h * h)
        of_h = (o.madd(g[0], b, u), o.madd(g[1], b, x), g[2] + b)
        of_o = (o.madd(g[3], a, u), o.madd(g[4], a, x), o.madd(g[5], a, h), g[6] + a)
        return (o.numpy.where(t > start, o.madd(a * q[4], b, q[1]) * (1 - x * x), 0.0),), (*of_h, *of_o)

    return Network(1, False, lambda p, one: tuple(p), step, back, lambda g, a, one: o.numpy.stack(g))


def two_sequence(o: Library) -> Network:
    """Five units in one array, and a product with a matrix as five operations on its columns."""

    def step(q: Any, x: Any, u: Any, t: Any, start: Any) -> Any:
        return (o.tanh(functools.reduce(lambda a, j: o.madd(a, q[0][:, j], x[0][j]), range(5), u)),), ()

    def back(q: Any, a: Any, g: Any, u: Any, x: Any, kept: Any, t: Any, start: Any) -> Any:
        (W,), (a,), (x,) = q, a, x
        return (sum(W[i] * a[i] for i in range(5)) * (1 - x * x),), (g[0] + a[:, None] * x[None],)

    def ready(p: Any, one: Any) -> Any:
        return (p.reshape(5, 5, *p.shape[1:]),)

    return Network(5, True, ready, step, back, lambda g, a, one: g[0].reshape(25, *g[0].shape[2:]))


def two_sequence_by_unit(o: Library) -> Network:
    """Five arrays, which a compiler can keep in registers from step to step; on the steps back g++ gives up."""

    def step(q: Any, x: Any, u: Any, t: Any, start: Any) -> Any:
        a = [sum(q[5 * i + j] * x[j] for j in range(5)) for i in range(5)]
        return (o.tanh(a[0] + u[0]), *map(o.tanh, a[1:])), ()

    return two_sequence(o)._replace(packed=False, ready=lambda p, one: tuple(p), step=step)


def run(o: Library, net: Network, peer: Peer, p: Any, u: Any, d: Any, start: Any, key: Any) -> Any:
    """The work: costs, errors and, if they are asked for, gradients."""

    def ends(last: Any) -> Any:  # zeros but for the output unit: the first state, the derivatives at the end
        units = [o.numpy.zeros_like(last)] * (net.units - 1) + [last]
        return (o.numpy.stack(units),) if net.packed else tuple(units)

    def forward(q: Any, keep: bool) -> Any:
        def step(x: Any, t: Any, now: Any) -> Any:
            after, kept = net.step(q, x, *now, t, start)
            return after, (x, kept) if keep else None

        x, history = o.scan(step, ends(o.numpy.zeros_like(d)), (u,))
        y = x[0][-1] if net.packed else x[-1]
        return y, (y - d) ** 2 / 2, (y < 0) != (d < 0), history

    def cost(p: Any) -> Any:
        _, costs, errors, _ = forward(net.ready(p, key > 0), keep=False)
        return costs.sum(), (costs, errors)

    def back(carry: Any, t: Any, now: Any) -> Any:
        u, (x, kept) = now
        return net.back(q, *carry, u, x, kept, t, start), None

    if peer.work == "cost":
        return cost(p)[1]
    if not peer.by_hand:
        (_, answer), gradient = o.differentiate(cost, p)
        return *answer, gradient
    q = net.ready(p, key > 0)
    y, costs, errors, history = forward(q, keep=True)
    carry = (ends((y - d) * (1 - y * y)), tuple(map(o.numpy.zeros_like, q)))
    (a, g), _ = o.scan(back, carry, (u, history), reverse=True)
    return costs, errors, net.gather(g, a, key > 0)


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to do the work: `prepare(data)` lays the data out and returns the call that is timed."""

    library: str  # "jax" or "torch"
    work: str  # "cost" or "gradient"
    cores: int = 1
    by_hand: bool = True  # the steps back are ours, or the library's
    vmap: bool = False  # JAX: written for one sequence, trials added in front; otherwise the trials come last
    unroll: int = 1  # JAX: steps per turn of the loop
    compiled: bool = False  # PyTorch: torch.compile, or eager
    by_unit: bool = False  # an array per unit (the cost of the 2-sequence network)

    def prepare(self, data: Data, dtype: type = np.float64) -> Callable[[], Answer]:
        """The call, whose first run compiles; it gives costs (B,), errors (B,) and gradients (B, P) or None."""
        u, key = data.inputs[:, :, -1], data.inputs[:, :, 0].any(axis=1)  # the latch: noise, and whether of class 1
        u = u[:, :, None] * np.eye(1, 5) if data.task == "two-sequence" else u
        arrays = (data.parameters, u, data.targets, u.shape[1] - data.lengths, key)
        arrays = [np.ascontiguousarray(a if self.vmap else np.moveaxis(a, 0, -1), dtype) for a in arrays]
        two = two_sequence_by_unit if self.by_unit else two_sequence
        network = {"latch": latch, "two-sequence": two, "parity": parity}[data.task]
        function = (_jax if self.library == "jax" else _torch)(self, network, arrays)

        def call() -> Answer:
            costs, errors, *gradients = map(np.asarray, function())
            return costs, errors, (gradients[0] if self.vmap else gradients[0].T) if gradients else None

        return call


def choices(task: str, work: str, library: str, cores: int = 1) -> list[Peer]:
    """All peers for some work, the fastest of which is the library's best."""
    by_hand = (True, False) if work == "gradient" else (True,)
    if library == "jax":
        return [Peer("jax", work, cores, b, v, n) for b in by_hand for v in (False, True) for n in (1, 5)]
    by_unit = (False, True) if (task, work) == ("two-sequence", "cost") else (False,)
    eager = [Peer("torch", work, cores, by_hand=each) for each in by_hand]
    return eager + [Peer("torch", work, cores, compiled=True, by_unit=each) for each in by_unit]


def measure(peer: Peer, data: Data, seconds: float = 0.3, dtype: type = np.float64) -> float:
    """Presentations per second in the fastest of the calls that fit into some time."""
    call = peer.prepare(data, dtype)
    once = min(timeit.repeat(call, number=1, repeat=3))  # the first compiles
    return len(data.lengths) / min([once, *timeit.repeat(call, number=1, repeat=int(seconds / once))])


def best(peers: Iterable[Peer], task: str, sizes: Iterable[int] = SIZES, **how: Any) -> tuple[float, int, Peer]:
    """The most presentations per second, and with which batch size and peer; how: what `measure` takes."""
    found = ((measure(p, sample(task, n), **how), n, p) for p in peers for n in (FEW_SIZES if p.compiled else sizes))
    return max(found, key=lambda one: one[0])


@functools.cache
def _need(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        raise SystemExit(f"{name}, a peer of this benchmark, is not installed: pip install {name}")
    library = importlib.import_module(name)
    if name == "jax":
        library.config.update("jax_enable_x64", True)
        library.config.update("jax_num_cpu_devices", os.cpu_count())  # so that the trials can be dealt out to the cores
    return library


def _jax(peer: Peer, network: Callable[[Library], Network], arrays: list[Any]) -> Callable[[], Any]:
    jax, jnp = _need("jax"), _need("jax.numpy")

    def scan(f: Any, carry: Any, inputs: Any, reverse: bool = False) -> Any:
        now = (jnp.arange(len(inputs[0]), dtype=inputs[0].dtype), inputs)
        return jax.lax.scan(lambda c, now: f(c, *now), carry, now, reverse=reverse, unroll=peer.unroll)

    o = Library(jnp, jnp.tanh, lambda c, a, b: c + a * b, scan, lambda f, p: jax.value_and_grad(f, has_aux=True)(p))
    function = functools.partial(run, o, network(o), peer)
    function = jax.vmap(function) if peer.vmap else function
    arrays = [*map(jnp.asarray, arrays)]
    if peer.cores > 1:
        mesh = jax.make_mesh((peer.cores,), ("core",), axis_types=(jax.sharding.AxisType.Auto,))
        specs = [jax.P("core") if peer.vmap else jax.P(*[None] * (a.ndim - 1), "core") for a in arrays]
        arrays = [jax.device_put(a, jax.NamedSharding(mesh, s)) for a, s in zip(arrays, specs, strict=True)]
    return functools.partial(jax.jit(function, compiler_options={"xla_cpu_prefer_vector_width": 512}), *arrays)


def _torch(peer: Peer, network: Callable[[Library], Network], arrays: list[Any]) -> Callable[[], Any]:
    torch = _need("torch")

    def scan(f: Any, carry: Any, inputs: Any, reverse: bool = False) -> Any:
        history = []
        for t in range(len(inputs[0]))[:: -1 if reverse else 1]:
            carry, kept = f(carry, t, tuple(a[t] for a in inputs))
            history.append(kept)
        return carry, history

    def differentiate(f: Any, p: Any) -> Any:
        total, (costs, errors) = f(p)
        return (total, (costs.detach(), errors)), torch.autograd.grad(total, p)[0]

    o = Library(torch, torch.tanh, torch.addcmul, scan, differentiate)
    if peer.compiled:  # its tanh is slow, its exp fast; c + a b it fuses itself
        o = o._replace(tanh=lambda a: 1 - 2 / (torch.exp(a + a) + 1), madd=lambda c, a, b: c + a * b)
    function = functools.partial(run, o, network(o), peer)
    if peer.compiled:  # limits so high that all steps become one loop over the trials
        limits = {"max_fusion_size": 10_000, "realize_opcount_threshold": 100_000, "realize_reads_threshold": 10_000}
        alone = {"dynamic": False, "fullgraph": True, "isolate_recompiles": True}  # peers do not share the limit of 8
        function = torch.compile(function, **alone, options=limits)
    arrays = [torch.from_numpy(a) for a in arrays]
    arrays[0].requires_grad_(peer.work == "gradient" and not peer.by_hand)

    def call() -> Any:
        torch.set_num_threads(peer.cores)
        with torch.set_grad_enabled(arrays[0].requires_grad):
            return function(*arrays)

    return call
