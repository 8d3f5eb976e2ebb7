"""The table of what can fill a slot: strings only, so listing it imports nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Slot = Literal["panorama", "depth", "inpaint", "prompt"]

SLOTS: tuple[Slot, ...] = ("panorama", "depth", "inpaint", "prompt")
"""What a backend can stand in for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendEntry:
    """Something that can fill a slot: procedural, or a model with weights.

    ``target`` is ``"module:name"``. ``needs`` tells in words what must be there (weights, a GPU), ``extra`` names the
    extra that installs ``modules``, the import names it cannot do without.
    """

    id: str
    slot: Slot
    description: str
    target: str
    extra: str | None = None
    needs: str = ""
    modules: tuple[str, ...] = ()
    option: str | None = None
    """The option of ``worldgen generate`` that names its weights."""
    takes_options: bool = False
    """Whether the class is made with ``options``: what the user chose about the model (``backends.model_options``)."""
    starts_from: Literal["photo", "text", "scene"] | None = None
    """In the panorama slot, what the backend makes a panorama from."""


_NOTHING = "nothing: no weights, no network"
_DEPTH_LIBRARIES = ("torch", "transformers", "safetensors")
_DIFFUSION_LIBRARIES = (*_DEPTH_LIBRARIES, "diffusers", "accelerate")

BUILT_IN_BACKENDS: tuple[BackendEntry, ...] = (
    BackendEntry(
        id="procedural",
        slot="panorama",
        description="path traced from the built scene",
        target="worldgen.rendering",
        needs=_NOTHING,
        starts_from="scene",
    ),
    BackendEntry(
        id="extend",
        slot="panorama",
        description="a photo closed to a panorama: a matching scene is built and blended around it",
        target="worldgen.backends.extend_photo:ExtendPhoto",
        needs=_NOTHING,
        starts_from="photo",
    ),
    BackendEntry(
        id="diffusers-panorama",
        slot="panorama",
        description="painted from the prompt by a text-to-image pipeline (Stable Diffusion, SDXL, FLUX, ...)",
        target="worldgen.backends.diffusers_panorama:DiffusersPanorama",
        extra="neural",
        needs="weights of a diffusers pipeline in safetensors",
        modules=_DIFFUSION_LIBRARIES,
        option="--panorama-model",
        takes_options=True,
        starts_from="text",
    ),
    BackendEntry(
        id="diffusers-depth",
        slot="panorama",
        description="the built scene painted anew by a model that is held to its exact depth (ControlNet, FLUX Depth)",
        target="worldgen.backends.diffusers_depth:DiffusersDepth",
        extra="neural",
        needs="weights of a diffusers pipeline, and of a depth ControlNet (--controlnet) unless it takes depth itself",
        modules=_DIFFUSION_LIBRARIES,
        option="--panorama-model",
        takes_options=True,
        starts_from="scene",
    ),
    BackendEntry(
        id="diffusers-outpaint",
        slot="panorama",
        description="a photo closed to a panorama by an inpainting pipeline (SDXL, FLUX Fill, Qwen-Image-Edit)",
        target="worldgen.backends.diffusers_inpaint:DiffusersOutpaint",
        extra="neural",
        needs="weights of a diffusers inpainting pipeline in safetensors",
        modules=_DIFFUSION_LIBRARIES,
        option="--panorama-model",
        takes_options=True,
        starts_from="photo",
    ),
    BackendEntry(
        id="procedural",
        slot="depth",
        description="exact, from the built scene",
        target="worldgen.rendering",
        needs=_NOTHING,
    ),
    BackendEntry(
        id="given",
        slot="depth",
        description="read from a file: OpenEXR, .npy or 16-bit PNG",
        target="worldgen.backends.given_depth:GivenDepth",
        needs="a depth file beside the panorama (--depth)",
    ),
    BackendEntry(
        id="geometric",
        slot="depth",
        description="estimated from sky, horizon and ground contacts of a panorama; coarse, with confidence",
        target="worldgen.backends.geometric_depth:GeometricDepth",
        needs=_NOTHING,
    ),
    BackendEntry(
        id="transformers",
        slot="depth",
        description="any Hugging Face depth network (Depth Anything, DPT, ZoeDepth, Depth Pro) on views of the sphere",
        target="worldgen.backends.transformers_depth:TransformersDepth",
        extra="neural",
        needs="weights of a depth network in safetensors",
        modules=_DEPTH_LIBRARIES,
        option="--depth-model",
        takes_options=True,
    ),
    BackendEntry(
        id="procedural",
        slot="inpaint",
        description="built worlds: further stations see behind what hides it; pictures: patches of what is seen",
        target="worldgen.rendering",
        needs=_NOTHING,
    ),
    BackendEntry(
        id="diffusers-inpaint",
        slot="inpaint",
        description="hidden background of pictures painted by an inpainting pipeline",
        target="worldgen.backends.diffusers_inpaint:DiffusersInpaint",
        extra="neural",
        needs="weights of a diffusers inpainting pipeline in safetensors",
        modules=_DIFFUSION_LIBRARIES,
        option="--inpaint-model",
        takes_options=True,
    ),
    BackendEntry(
        id="procedural",
        slot="prompt",
        description="the embedded parser and its lexicon",
        target="worldgen.spec",
        needs=_NOTHING,
    ),
)
