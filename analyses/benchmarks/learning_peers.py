"""The peers of the learning kernels: the same three networks in JAX and in PyTorch, as fast as we can make them there.

Each network is written once, over the operations of either library, for arrays whose last axis is the trial: a step, and
the step back of back-propagation through time. A peer is one way to run it (who differentiates, how it is compiled, on
how many cores). `python analyses/benchmarks/learning_peers.py` compares all of them with a reference and times them.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Answer = tuple[Floats, NDArray[np.bool_], Floats | None]  # costs (B,), errors (B,), gradients (B, P)
SIZES = (128, 512, 1000, 2048, 4096, 16384)
PARAMETERS = {"latch": 3, "two-sequence": 25, "parity": 7}


class Data(NamedTuple):
    """One sequence per trial, ending at the last step: before its start a sequence is 0."""

    task: str
    parameters: Floats  # (B, P)
    inputs: Floats  # (B, T, m)
    lengths: NDArray[np.int64]  # (B,)
    targets: Floats  # (B,)


def sample(task: str, size: int, seed: int = 0, T: int = 50) -> Data:
    """Random trials with noise, which only the speed and the agreement of the peers are measured on."""
    rng = np.random.default_rng(seed)
    parameters = rng.uniform(-0.5, 0.5, (size, PARAMETERS[task]))
    lengths, classes = rng.integers(T // 2, T + 1, size), rng.integers(0, 2, size)
    inputs = rng.uniform(-0.2, 0.2, (size, T, 1))
    start = T - lengths
    if task == "latch":
        keys = np.zeros((size, T, 2))
        keys[np.arange(size), start, 1 - classes] = 1
        inputs = np.concatenate((keys, np.where(keys.any(axis=2, keepdims=True), 0, inputs)), axis=2)
    elif task == "parity":
        inputs += rng.choice((-1.0, 1.0), inputs.shape)
    inputs[np.arange(T) < start[:, None]] = 0
    return Data(task, parameters, inputs, lengths, np.where(classes, 0.8, -0.8))


def reference(data: Data) -> Answer:
    """Sequence after sequence, with gradients by complex steps: no derivative is written down."""
    step = 1e-100
    P = PARAMETERS[data.task]
    costs, errors, gradients = [], [], []
    for parameters, inputs, length, target in zip(*data[1:], strict=True):
        p = parameters[:, None] + 1j * step * np.eye(P)  # column k: parameter k is moved
        x = np.zeros((5 if P == 25 else 1, P), complex)
        for u in inputs[len(inputs) - length :]:
            if data.task == "latch":
                x = np.tanh(p[0] * x + p[1] * u[0] + p[2] * u[1] + u[2])
            elif data.task == "parity":
                h = np.tanh(p[0] * u + p[1] * x + p[2])
                x = np.tanh(p[3] * u + p[4] * x + p[5] * h + p[6])
            else:
                x = np.tanh(np.einsum("ijk,jk->ik", p.reshape(5, 5, P), x) + np.eye(5, 1) * u)
        cost = (x[-1] - target) ** 2 / 2
        costs.append(cost[0].real)
        errors.append((x[-1, 0].real < 0) != (target < 0))
        gradients.append(cost.imag / step)
    return np.array(costs), np.array(errors), np.array(gradients)


# --- the networks, over the operations of a library -------------------------------------------------------------------


class Ops(NamedTuple):
    """What a network needs of a library."""

    tanh: Callable[..., Any]
    where: Callable[..., Any]
    madd: Callable[..., Any]  # c, a, b -> c + a b
    stack: Callable[..., Any]
    dot: Callable[..., Any] | None = None  # of one matrix and one vector, where a library adds the trials itself


class Masks(NamedTuple):
    """Where a step lies in its sequence."""

    first: Any
    later: Any
    on: Any


def masks(t: Any, start: Any) -> Masks:
    """Of steps t against the first steps of the sequences."""
    return Masks(t == start, t > start, t >= start)


class Network(NamedTuple):
    """A network: q are its parameters, x its state, e what enters it, D and g the derivatives by state and parameters."""

    units: int
    packed: bool  # all units in one array (5, B)? Otherwise a tuple of (B,)
    ready: Callable[..., Any]  # parameters (P, B), class 1? -> q
    drive: Callable[..., Any]  # q, inputs, masks -> e; of one step or of all
    step: Callable[..., Any]  # q, x, e, masks -> x, what else the step back needs
    back: Callable[..., Any]  # q, x after, D, g, x before, kept, inputs, masks -> D, g
    gather: Callable[..., Any]  # g, D at the start, class 1? -> (P, B)


def latch(o: Ops) -> Network:
    """One unit: w x + (the input of its class at the first step, noise later)."""

    def back(q: Any, a: Any, g: Any, x: Any, kept: Any, u: Any, m: Masks) -> tuple[Any, Any]:
        (a,), (x,) = a, x
        return (o.where(m.later, a * q[0] * (1 - x * x), a),), (o.madd(g[0], a, x), g[1])  # at the end a = dC/du

    return Network(
        units=1,
        packed=False,
        ready=lambda p, one: (p[0], o.where(one, p[1], p[2])),
        drive=lambda q, u, m: (o.where(m.first, q[1], u),),
        step=lambda q, x, e, m: ((o.tanh(o.madd(e[0], q[0], x[0])),), ()),
        back=back,
        gather=lambda g, a, one: o.stack((g[0], o.where(one, a[0], 0.0), o.where(one, 0.0, a[0]))),
    )


def parity(o: Ops) -> Network:
    """A hidden unit of the same step and an output unit; outside of the sequence the state is kept at 0."""

    def step(q: Any, x: Any, e: Any, m: Masks) -> tuple[Any, Any]:
        h = o.tanh(o.madd(e[0], q[1], x[0]))
        return (o.where(m.on, o.tanh(o.madd(o.madd(e[1], q[4], x[0]), q[5], h)), 0.0),), (h,)

    def back(q: Any, a: Any, g: Any, x: Any, kept: Any, u: Any, m: Masks) -> tuple[Any, Any]:
        (a,), (x,), (h,) = a, x, kept
        b = a * q[5] * (1 - h * h)
        g = (
            *(o.madd(g[0], b, u), o.madd(g[1], b, x), g[2] + b),
            *(o.madd(g[3], a, u), o.madd(g[4], a, x), o.madd(g[5], a, h), g[6] + a),
        )
        return (o.where(m.later, o.madd(a * q[4], b, q[1]) * (1 - x * x), 0.0),), g

    return Network(
        units=1,
        packed=False,
        ready=lambda p, one: tuple(p),
        drive=lambda q, u, m: (o.madd(q[2], q[0], u), o.madd(q[6], q[3], u)),
        step=step,
        back=back,
        gather=lambda g, a, one: o.stack(g),
    )


def two_sequence(o: Ops) -> Network:
    """Five units in one array: a product of a matrix and a vector is five multiplications by a row."""

    def times(W: Any, x: Any, a: Any = None) -> Any:
        if o.dot is not None:
            return a + o.dot(W, x)
        for j in range(5):
            a = W[:, j] * x[j] if a is None else o.madd(a, W[:, j], x[j])
        return a

    def back(q: Any, a: Any, g: Any, x: Any, kept: Any, u: Any, m: Masks) -> tuple[Any, Any]:
        (a,), (x,) = a, x
        return (times(q[0].swapaxes(0, 1), a) * (1 - x * x),), (g[0] + a[:, None] * x[None],)

    return Network(
        units=5,
        packed=True,
        ready=lambda p, one: (p.reshape(5, 5, *p.shape[1:]),),
        drive=lambda q, u, m: (u,),
        step=lambda q, x, e, m: ((o.tanh(times(q[0], x[0], e[0])),), ()),
        back=back,
        gather=lambda g, a, one: g[0].reshape(25, -1),
    )


def two_sequence_by_unit(o: Ops) -> Network:
    """Five units, an array each: what a compiler can fuse over the time steps."""

    def step(q: Any, x: Any, e: Any, m: Masks) -> tuple[Any, Any]:
        a = [e[0] + q[0] * x[0]] + [q[i] * x[0] for i in range(5, 25, 5)]
        for j in range(1, 5):
            a = [o.madd(a[i], q[5 * i + j], x[j]) for i in range(5)]
        return tuple(o.tanh(each) for each in a), ()

    def back(q: Any, a: Any, g: Any, x: Any, kept: Any, u: Any, m: Masks) -> tuple[Any, Any]:
        D = [q[j] * a[0] for j in range(5)]
        for i in range(1, 5):
            D = [o.madd(D[j], q[5 * i + j], a[i]) for j in range(5)]
        return tuple(D[j] * (1 - x[j] * x[j]) for j in range(5)), tuple(
            o.madd(g[5 * i + j], a[i], x[j]) for i in range(5) for j in range(5)
        )

    return Network(
        units=5,
        packed=False,
        ready=lambda p, one: tuple(p),
        drive=lambda q, u, m: (u,),
        step=step,
        back=back,
        gather=lambda g, a, one: o.stack(g),
    )


def ends(o: Ops, net: Network, last: Any) -> tuple[Any, ...]:
    """Zeros at all units but the last one: the state that a sequence starts from, the derivative that it ends with."""
    all_units = [last * 0] * (net.units - 1) + [last]
    return (o.stack(all_units),) if net.packed else tuple(all_units)


def score(net: Network, x: Any, d: Any) -> tuple[Any, Any, Any]:
    """The output unit's distance from the target, the cost and the error."""
    y = x[0][-1] if net.packed else x[-1]
    return (y - d) * (1 - y * y), (y - d) ** 2 / 2, (y < 0) != (d < 0)


# --- the peers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to run the work: `prepare(data)` lays the data out and returns what is timed."""

    library: str
    work: str  # "cost" or "gradient"
    by_hand: bool = True  # our step back, or the library's own differentiation
    cores: int = 1
    vmap: bool = False  # JAX: written for one sequence, trials added first; otherwise arrays with the trials last
    unroll: int = 1  # JAX: time steps per turn of the loop
    compiled: bool = False  # PyTorch: torch.compile, or eager
    block: int = 0  # PyTorch: time steps per compiled function, 0 for all

    def prepare(self, data: Data, dtype: type = np.float64) -> Callable[[], Answer]:
        """All that need not be repeated when only the parameters change."""
        run = (_jax if self.library == "jax" else _torch)(self, data.task)
        packed = data.task == "two-sequence" and not self.compiled
        u, start = data.inputs[:, :, -1:], (data.inputs.shape[1] - data.lengths).astype(np.int32)
        u = np.pad(u, ((0, 0), (0, 0), (0, 4))) if packed else u[:, :, 0]
        arrays = [a.astype(dtype) for a in (data.parameters, u, data.targets)]
        if not self.vmap:
            arrays = [np.moveaxis(a, 0, -1) for a in arrays]
        return run(*(np.ascontiguousarray(a) for a in arrays), start)


def _need(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SystemExit(f"{name} is not installed, and it is one of the peers: pip install {name}") from error


@functools.cache
def _configured_jax() -> ModuleType:
    jax = _need("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_num_cpu_devices", os.cpu_count())  # so that the trials can be dealt out to the cores
    return jax


def _jax(peer: Peer, task: str) -> Callable[..., Callable[[], Answer]]:
    jax = _configured_jax()
    jnp, scan = jax.numpy, functools.partial(jax.lax.scan, unroll=peer.unroll)
    o = Ops(jnp.tanh, jnp.where, lambda c, a, b: c + a * b, jnp.stack, jnp.matmul if peer.vmap else None)
    net = {"latch": latch, "parity": parity, "two-sequence": two_sequence}[task](o)

    def work(p: Any, u: Any, d: Any, start: Any) -> tuple[Any, ...]:
        times = jnp.arange(len(u), dtype=start.dtype)  # a mask is computed: cheaper than one that is read

        def forward(q: Any, keep: bool) -> tuple[Any, Any]:
            def body(x: Any, now: Any) -> tuple[Any, Any]:
                m = masks(now[1], start)
                after, kept = net.step(q, x, net.drive(q, now[0], m), m)
                return after, (x, kept) if keep else None

            return scan(body, ends(o, net, d * 0), (u, times))

        def cost(p: Any) -> tuple[Any, Any]:
            _, costs, errors = score(net, forward(net.ready(p, d > 0), False)[0], d)
            return costs.sum(), (costs, errors)

        def body(carry: Any, now: Any) -> tuple[Any, None]:
            (x, kept), u, t = now
            return net.back(q, *carry, x, kept, u, masks(t, start)), None

        if peer.work == "cost":
            return cost(p)[1]
        if not peer.by_hand:
            (_, answer), gradients = jax.value_and_grad(cost, has_aux=True)(p)
            return *answer, gradients
        q = net.ready(p, d > 0)
        x, history = forward(q, True)
        last, costs, errors = score(net, x, d)
        carry = (ends(o, net, last), tuple(map(jnp.zeros_like, q)))
        a, g = scan(body, carry, (history, u, times), reverse=True)[0]
        return costs, errors, net.gather(g, a, d > 0)

    def run(*arrays: Any) -> Callable[[], Answer]:
        function = jax.vmap(work) if peer.vmap else work
        if peer.cores > 1:
            mesh = jax.make_mesh((peer.cores,), ("core",), axis_types=(jax.sharding.AxisType.Auto,))
            specs = [jax.P("core") if peer.vmap else jax.P(*[None] * (a.ndim - 1), "core") for a in arrays]
            results = (jax.P("core"), jax.P("core"), specs[0])[: 2 if peer.work == "cost" else 3]
            function = jax.shard_map(function, mesh=mesh, in_specs=tuple(specs), out_specs=results, check_vma=False)
            arrays = [jax.device_put(a, jax.NamedSharding(mesh, s)) for a, s in zip(arrays, specs, strict=True)]
        else:
            arrays = [jnp.asarray(a) for a in arrays]
        compiled = jax.jit(function, compiler_options={"xla_cpu_prefer_vector_width": 512})  # the default is 256 bits

        def call() -> Answer:
            costs, errors, *gradients = map(np.asarray, compiled(*arrays))
            return costs, errors, (gradients[0] if peer.vmap else gradients[0].T) if gradients else None

        return call

    return run


def _torch(peer: Peer, task: str) -> Callable[..., Callable[[], Answer]]:
    torch = _need("torch")
    if peer.compiled:  # what it makes of tanh is slow, of exp fast; and a + b c it fuses itself
        o = Ops(lambda a: 1 - 2 / (torch.exp(a + a) + 1), torch.where, lambda c, a, b: c + a * b, torch.stack)
    else:
        o = Ops(torch.tanh, torch.where, torch.addcmul, torch.stack)
    two = two_sequence_by_unit if peer.compiled else two_sequence
    net = {"latch": latch, "parity": parity, "two-sequence": two}[task](o)

    def forward(q: Any, x: Any, u: Any, m: Masks, keep: bool) -> tuple[Any, Any]:
        history = []
        for e, now in zip(zip(*(a.unbind() for a in net.drive(q, u, m)), strict=True), steps(m), strict=True):
            after, kept = net.step(q, x, e, now)
            history += [(x, kept)] if keep else []
            x = after
        return x, history

    def backward(q: Any, a: Any, g: Any, history: Any, u: Any, m: Masks) -> tuple[Any, Any]:
        for (x, kept), now_u, now in zip(*map(reversed, (history, u.unbind(), steps(m))), strict=True):
            a, g = net.back(q, a, g, x, kept, now_u, now)
        return a, g

    def steps(m: Masks) -> list[Masks]:
        return [Masks(*now) for now in zip(*(a.unbind() for a in m), strict=True)]

    def work(p: Any, u: Any, d: Any, start: Any, known: Masks | None) -> tuple[Any, ...]:
        m = known or masks(torch.arange(len(u))[:, None], start)
        q = net.ready(p, d > 0)
        x, histories = ends(o, net, d * 0), []
        size = peer.block or len(u)
        blocks = [(u[k : k + size], Masks(*(a[k : k + size] for a in m))) for k in range(0, len(u), size)]
        for block in blocks:
            x, history = forward(q, x, *block, peer.work == "gradient" and peer.by_hand)
            histories.append(history)
        last, costs, errors = score(net, x, d)
        if peer.work == "cost":
            return costs, errors
        if not peer.by_hand:
            return costs.detach(), errors, *torch.autograd.grad(costs.sum(), p)
        a, g = ends(o, net, last), tuple(map(torch.zeros_like, q))
        for block, history in zip(reversed(blocks), reversed(histories), strict=True):
            a, g = backward(q, a, g, history, *block)
        return costs, errors, net.gather(g, a, d > 0)

    if peer.compiled:  # the limits raised so that all time steps become one loop over the trials
        limits = {"max_fusion_size": 10_000, "realize_opcount_threshold": 100_000, "realize_reads_threshold": 10_000}
        fused = functools.partial(torch.compile, dynamic=False, options=limits)
        if peer.block:
            forward, backward = fused(forward), fused(backward)
        else:
            work = fused(work)

    def run(*arrays: Any) -> Callable[[], Answer]:
        p, u, d, start = map(torch.from_numpy, arrays)
        m = None if peer.compiled and not peer.block else masks(torch.arange(len(u))[:, None], start)
        p.requires_grad_(peer.work == "gradient" and not peer.by_hand)

        def call() -> Answer:
            torch.set_num_threads(peer.cores)
            with torch.set_grad_enabled(p.requires_grad):
                costs, errors, *gradients = (a.numpy() for a in work(p, u, d, start, m))
            return costs, errors, gradients[0].T if gradients else None

        return call

    return run
