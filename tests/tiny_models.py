"""Tiny real models with random weights, made from their configurations and saved as a user would have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

README = "---\nlicense: apache-2.0\n---\n# A tiny model\n"
_DINO = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "mlp_ratio": 1,
    "reshape_hidden_states": False,
    "apply_layernorm": True,
}


def save(model: Any, folder: Path, preprocessor: dict[str, Any] | None = None) -> Path:
    spread_out(model)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")
    if preprocessor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor), encoding="utf-8")
    return folder


def spread_out(model: Any) -> None:
    """Give weights their usual size: models start so small that with few layers nothing depends on anything."""
    import torch

    for parameter in model.parameters():
        if parameter.ndim > 1:
            with torch.no_grad():
                parameter.normal_(0.0, parameter[0].numel() ** -0.5)


def depth_anything(folder: Path, **settings: Any) -> Path:
    import torch
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    torch.manual_seed(0)
    backbone = Dinov2Config(image_size=42, patch_size=14, out_indices=[1, 2, 3, 4], **_DINO)
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
        patch_size=14,
        **settings,
    )
    size = {"size": {"height": 42, "width": 42}, "ensure_multiple_of": 14}
    return save(
        DepthAnythingForDepthEstimation(config), folder, size | {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    )


def dpt(folder: Path) -> Path:
    import torch
    from transformers import DPTConfig, DPTForDepthEstimation

    torch.manual_seed(1)
    config = DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
        use_auxiliary_head=False,
    )
    return save(DPTForDepthEstimation(config), folder, {"size": {"height": 32, "width": 32}})


def zoedepth(folder: Path) -> Path:
    import torch
    from transformers import Dinov2Config, ZoeDepthConfig, ZoeDepthForDepthEstimation

    torch.manual_seed(2)
    backbone = Dinov2Config(image_size=32, patch_size=16, out_indices=[1, 2, 3, 4], **_DINO)
    config = ZoeDepthConfig(
        backbone_config=backbone,
        backbone_hidden_size=16,
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        bottleneck_features=8,
        num_relative_features=4,
        bin_embedding_dim=8,
        num_attractors=[4, 2, 2, 1],
        patch_transformer_hidden_size=8,
        patch_transformer_intermediate_size=8,
        patch_transformer_num_attention_heads=2,
        patch_transformer_num_hidden_layers=1,
    )
    return save(ZoeDepthForDepthEstimation(config), folder, {"size": {"height": 32, "width": 32}})


def depth_pro(folder: Path) -> Path:
    import torch
    from transformers import DepthProConfig, DepthProForDepthEstimation

    torch.manual_seed(3)
    encoder = {"model_type": "dinov2", "image_size": 32, "patch_size": 8} | _DINO
    config = DepthProConfig(
        fusion_hidden_size=8,
        patch_size=32,
        intermediate_hook_ids=[3, 1],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.5],
        scaled_images_feature_dims=[8, 8],
        merge_padding_value=1,
        use_fov_model=False,
        image_model_config=dict(encoder),
        patch_model_config=dict(encoder),
        fov_model_config=dict(encoder),
    )
    return save(DepthProForDepthEstimation(config), folder)
