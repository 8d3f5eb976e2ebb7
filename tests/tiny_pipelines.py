"""Tiny real diffusion pipelines with random weights, made from configurations and saved as a user has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tiny_models import README, spread_out

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.-"


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    pieces = ["<|startoftext|>", "<|endoftext|>", *_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    vocab = {piece: index for index, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)


def clip_text(*, projection: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=2 + 2 * len(_LETTERS),
        hidden_size=16,
        intermediate_size=16,
        projection_dim=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def vae(latent_channels: int = 4, *, shift_factor: float | None = None) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=latent_channels,
        norm_num_groups=2,
        sample_size=64,
        layers_per_block=1,
        use_quant_conv=latent_channels == 4,
        use_post_quant_conv=latent_channels == 4,
        shift_factor=shift_factor,
    )


_UNET = {
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "norm_num_groups": 2,
    "attention_head_dim": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
}
_SDXL = {
    "cross_attention_dim": 32,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 16 + 6 * 4,
    "use_linear_projection": True,
}


def unet(in_channels: int = 4, **more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=32,
        in_channels=in_channels,
        out_channels=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **(_UNET | {"cross_attention_dim": 16} | more),
    )


def save(pipeline: Any, folder: Path) -> Path:
    for component in pipeline.components.values():
        if hasattr(component, "parameters"):
            spread_out(component)
    pipeline.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")
    return folder


def sdxl(folder: Path, *, in_channels: int = 4) -> Path:
    import torch
    from diffusers import DDIMScheduler, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline

    torch.manual_seed(10)
    kind = StableDiffusionXLPipeline if in_channels == 4 else StableDiffusionXLInpaintPipeline
    pipeline = kind(
        vae=vae(),
        text_encoder=clip_text(),
        text_encoder_2=clip_text(projection=True),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet(in_channels, **_SDXL),
        scheduler=DDIMScheduler(clip_sample=False),
    )
    return save(pipeline, folder)


def stable_diffusion(folder: Path, *, in_channels: int = 4) -> Path:
    import torch
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline

    torch.manual_seed(11)
    kind = StableDiffusionPipeline if in_channels == 4 else StableDiffusionInpaintPipeline
    pipeline = kind(
        vae=vae(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=unet(in_channels),
        scheduler=DPMSolverMultistepScheduler(steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return save(pipeline, folder)


def flux(folder: Path, *, fill: bool = False) -> Path:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxFillPipeline, FluxPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    torch.manual_seed(12)
    scale = 2
    # Latents of four channels in patches of two by two; a fill model also sees the masked latents and the mask.
    channels = 16 + (16 + 4 * scale * scale if fill else 0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=channels,
        out_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=fill,
    )
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in _LETTERS)]
    pipeline = (FluxFillPipeline if fill else FluxPipeline)(
        vae=vae(shift_factor=0.1),
        text_encoder=clip_text(),
        text_encoder_2=T5EncoderModel(
            T5Config(vocab_size=len(pieces) + 100, d_model=16, d_ff=16, d_kv=8, num_layers=1, num_heads=2)
        ),
        tokenizer=clip_tokenizer(),
        tokenizer_2=T5Tokenizer(vocab=pieces, model_max_length=16),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
    return save(pipeline, folder)


def controlnet(folder: Path, *, for_sdxl: bool) -> Path:
    import torch
    from diffusers import ControlNetModel

    torch.manual_seed(13)
    model = ControlNetModel(
        conditioning_embedding_out_channels=(4, 8),
        **(_UNET | (_SDXL if for_sdxl else {"cross_attention_dim": 16})),
    )
    spread_out(model)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(README.replace("apache-2.0", "openrail++"), encoding="utf-8")
    return folder


def lora(base: Path, file: Path) -> Path:
    import torch
    from diffusers import StableDiffusionXLPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    torch.manual_seed(14)
    pipeline = StableDiffusionXLPipeline.from_pretrained(base)
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    layers = get_peft_model_state_dict(pipeline.unet)
    pipeline.save_lora_weights(file.parent, unet_lora_layers=layers, weight_name=file.name)
    return file
