"""Diffusion models made to paint pictures whose left and right edges meet.

Convolutions see across the seam: their padding to the left and right is taken from the other side, in U-Nets,
ControlNets and image decoders alike. A U-Net's attention knows no places, so that it then treats all columns the same.
Diffusion transformers know where a patch is: they are shown the picture turned by another angle in every step, and what
they answer is turned back, so that no column stays at the edge.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)
_WRAPPED_LATENTS = 8
"""Columns of latents that are repeated on either side for decoders that are not made of plain convolutions."""
_ROLLED_ARGUMENTS = frozenset(
    {
        "hidden_states",
        "controlnet_cond",
        "controlnet_block_samples",
        "controlnet_single_block_samples",
        "block_controlnet_hidden_states",
    }
)

Turn = Callable[[Any], Any]


@contextmanager
def closed_around(pipeline: Any, *, height: int) -> Iterator[None]:
    """Within this context a pipeline paints pictures of (height, 2 * height) pixels that close.

    Args:
        pipeline: Of diffusers; its components are as before afterwards.
        height: Rows of the picture that it will paint.
    """
    with ExitStack() as stack:
        for name, module in denoisers(pipeline):
            if name.startswith("unet") or _is_convolutional(module):
                stack.enter_context(circular_convolutions(module))
        turned = [module for name, module in denoisers(pipeline) if not _is_convolutional(module)]
        if turned:
            stack.enter_context(_turned_steps(turned, _token_rows(pipeline, height)))
        vae = getattr(pipeline, "vae", None)
        if vae is not None:
            stack.enter_context(circular_convolutions(vae) if _is_flat(vae) else _wrapped_decoding(vae))
        yield


def denoisers(pipeline: Any) -> list[tuple[str, Any]]:
    """A pipeline's networks that see latents: U-Nets, transformers and ControlNets, by the components' names."""
    from torch import nn

    found = []
    for name, component in pipeline.components.items():
        if isinstance(component, nn.Module) and name.startswith(
            ("unet", "transformer", "controlnet", "prior", "decoder")
        ):
            found.append((name, component))
    return found


@contextmanager
def circular_convolutions(module: Any) -> Iterator[None]:
    """Let all two-dimensional convolutions of a module see across the seam."""
    from torch import nn

    changed: list[Any] = [part for part in module.modules() if isinstance(part, nn.Conv2d) and _reaches_out(part)]
    for part in changed:
        part._conv_forward = functools.partial(_around, part)
    try:
        yield
    finally:
        for part in changed:
            del part._conv_forward


def _reaches_out(part: Any) -> bool:
    if part.padding_mode != "zeros" or isinstance(part.padding, str):
        return False
    return part.padding[1] > 0 or (part.kernel_size[1], part.stride[1]) == (3, 2)


def _around(part: Any, values: Any, weight: Any, bias: Any) -> Any:
    """A convolution whose padding to the left and right comes from the other side."""
    import torch
    from torch.nn import functional

    rows, columns = part.padding
    if columns:
        values = functional.pad(values, (columns, columns, 0, 0), mode="circular")
    elif values.shape[-1] % 2:
        # Halving encoders pad one column of zeros on the right themselves: it becomes the first column.
        values = torch.cat([values[..., :-1], values[..., :1]], dim=-1)
    return functional.conv2d(values, weight, bias, part.stride, (rows, 0), part.dilation, part.groups)


def _is_convolutional(module: Any) -> bool:
    """Whether a network is made of convolutions over latents; a transformer's patches are no such thing."""
    from torch import nn

    return any(
        isinstance(part, nn.Conv2d) and part.padding_mode == "zeros" and _pads(part) for part in module.modules()
    )


def _pads(part: Any) -> bool:
    return not isinstance(part.padding, str) and part.padding[1] > 0


def _is_flat(vae: Any) -> bool:
    """Whether a decoder is made of two-dimensional convolutions."""
    from torch import nn

    return not any(isinstance(part, nn.Conv3d) for part in vae.modules())


def _token_rows(pipeline: Any, height: int) -> int:
    """Rows of tokens of a packed transformer: each holds two by two latents."""
    return max(height // (2 * int(getattr(pipeline, "vae_scale_factor", 8))), 1)


@contextmanager
def _turned_steps(modules: list[Any], token_rows: int) -> Iterator[None]:
    """Turn what transformers see by another angle in every step, and what they answer back."""
    state: dict[str, Any] = {"step": -1, "time": None}

    def share(bound: inspect.BoundArguments) -> float:
        time = bound.arguments.get("timestep", bound.arguments.get("t"))
        now = None if time is None else float(time.flatten()[0])
        if now is None or now != state["time"]:
            state["step"], state["time"] = state["step"] + 1, now
        return float((state["step"] * _GOLDEN) % 1.0)

    own = [(module, module.__dict__.get("forward")) for module in modules]
    for module in modules:
        module.forward = _turning(module.forward, share, token_rows)
    try:
        yield
    finally:
        for module, forward in own:
            if forward is None:
                del module.forward
            else:
                module.forward = forward


def _turning(
    forward: Callable[..., Any], share: Callable[[inspect.BoundArguments], float], token_rows: int
) -> Callable[..., Any]:
    signature = inspect.signature(forward)
    first = next(iter(signature.parameters))

    @functools.wraps(forward)
    def turned(*arguments: Any, **named: Any) -> Any:
        bound = signature.bind(*arguments, **named)
        part = share(bound)
        for name, value in bound.arguments.items():
            if name == first or name in _ROLLED_ARGUMENTS:
                bound.arguments[name] = turn(value, part, token_rows)
        return turn(forward(*bound.args, **bound.kwargs), -part, token_rows)

    return turned


def turn(value: Any, share: float, token_rows: int) -> Any:
    """Turn every tensor that is a picture by a share of its width, to whole patches; anything else stays.

    Pictures are (..., C, h, 2h) or, packed, (B, tokens, C), with tokens a multiple of ``2 * token_rows ** 2``.
    """
    import torch

    if isinstance(value, torch.Tensor):
        count = 2 * token_rows * token_rows
        if value.ndim == 3 and value.shape[1] and value.shape[1] % count == 0:
            grid = value.reshape(value.shape[0], -1, token_rows, 2 * token_rows, value.shape[2])
            return torch.roll(grid, _columns(share, token_rows), dims=3).reshape(value.shape)
        if value.ndim >= 4 and value.shape[-1] == 2 * value.shape[-2]:
            return torch.roll(value, 2 * _columns(share, value.shape[-2] // 2), dims=-1)
        return value
    if isinstance(value, dict):
        # Answers are ordered dictionaries with attributes; both are kept alike.
        for name, item in list(value.items()):
            value[name] = turn(item, share, token_rows)
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(turn(item, share, token_rows) for item in value)
    return value


def _columns(share: float, rows: int) -> int:
    """Patches of a picture of so many rows that a share of its width is, symmetric in the sign."""
    return round(abs(share) * 2 * rows) * (1 if share >= 0.0 else -1)


@contextmanager
def _wrapped_decoding(vae: Any) -> Iterator[None]:
    """Decode latents with columns from the other side around them, and cut those off the picture."""
    decode = vae.decode

    def wrapped(latents: Any, *arguments: Any, **named: Any) -> Any:
        import torch

        wide = min(_WRAPPED_LATENTS, latents.shape[-1])
        padded = torch.cat([latents[..., -wide:], latents, latents[..., :wide]], dim=-1)
        answer = decode(padded, *arguments, **named)
        picture = answer[0]
        cut = picture.shape[-1] * wide // padded.shape[-1]
        inner = picture[..., cut : picture.shape[-1] - cut]
        if isinstance(answer, tuple):
            return (inner, *answer[1:])
        answer.sample = inner
        return answer

    vae.decode = wrapped
    try:
        yield
    finally:
        del vae.decode
