"""Small CLIP, UNet, DiT, FLUX and autoencoder with random weights: what PyTorch makes of them, and their gradients.

Writes one folder for each under Tests/Fixtures/models: config.json and the weights in float16 (both as transformers
and diffusers write them), `reference*.safetensors` with inputs and outputs, `gradients*.safetensors` with the
gradients of all weights. Computed in double precision from the float16 weights, stored as float32.
Run: python Tests/Reference/models.py (needs torch, transformers, diffusers, safetensors).
"""

import json
import pathlib

import diffusers
import safetensors
import torch
import transformers
from diffusers import AutoencoderKL, DiTTransformer2DModel, FluxTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save
from transformers import CLIPConfig, CLIPModel

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "models"
# One key only: the package writes several in an order of its own, and the files should come out the same each time.
VERSIONS = {
    "made with": f"torch {torch.__version__}, transformers {transformers.__version__}, "
    f"diffusers {diffusers.__version__}, safetensors {safetensors.__version__}"
}
LARGEST = 63_000


def randomize(model, seed):
    """Weights that leave no term idle: biases away from 0, scales away from 1; exact in float16."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.ndim >= 2:
                fan_in = parameter[0].numel()
                parameter.copy_(torch.randn_like(parameter) * fan_in**-0.5)
            elif parameter.ndim == 1:
                is_scale = ("norm" in name or "ln_" in name) and name.endswith("weight")
                parameter.copy_(is_scale * 1.0 + 0.3 * torch.randn_like(parameter))
            parameter.copy_(parameter.half().to(parameter.dtype))
    return model.double().eval()


def parts_of(tensors, element_size):
    """The tensors by name, cut into groups whose files stay under 64 KB."""
    parts, size = [{}], 0
    for key, value in sorted(tensors.items()):
        needed = value.numel() * element_size + 120
        if size + needed > LARGEST:
            parts.append({})
            size = 0
        parts[-1][key] = value.contiguous()
        size += needed
    return parts


def write_model(name, model, stem, config):
    """One file, or shards with an index as the libraries write them for large models."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    parts = parts_of({key: value.half() for key, value in model.state_dict().items()}, element_size=2)
    names = [f"{stem}-{i + 1:05}-of-{len(parts):05}.safetensors" for i in range(len(parts))]
    if len(parts) == 1:
        names = [f"{stem}.safetensors"]
    else:
        place = {key: file for file, part in zip(names, parts) for key in part}
        index = {"metadata": {"total_size": sum(v.numel() * 2 for p in parts for v in p.values())}, "weight_map": place}
        (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    for file, part in zip(names, parts):
        (folder / file).write_bytes(save(part, metadata={"format": "pt"}))
    # diffusers' own note of what was left at its default, in another order each time.
    config = {key: value for key, value in config.items() if key != "_use_default_values"}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def write_tensors(name, stem, tensors):
    """stem.safetensors, stem-2.safetensors, …: floats in float32, whole numbers as they are."""
    tensors = {key: v.detach().float() if v.is_floating_point() else v for key, v in tensors.items()}
    for number, part in enumerate(parts_of(tensors, element_size=4), start=1):
        suffix = "" if number == 1 else f"-{number}"
        (FOLDER / name / f"{stem}{suffix}.safetensors").write_bytes(save(part, metadata=VERSIONS))


def gradients_of(model, outputs):
    """Gradients of all weights when random gradients arrive at the outputs, and those arriving gradients."""
    arriving = {f"d_{key}": torch.randn_like(value) for key, value in outputs.items()}
    sum((value * arriving[f"d_{key}"]).sum() for key, value in outputs.items()).backward()
    return {key: value.grad for key, value in model.named_parameters()}, arriving


def nhwc(images):
    return images.permute(0, 2, 3, 1)


def clip():
    config = CLIPConfig(
        projection_dim=10,
        text_config=dict(
            vocab_size=40, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
            max_position_embeddings=9, hidden_act="gelu", layer_norm_eps=1e-5, bos_token_id=38, eos_token_id=39,
            pad_token_id=0,
        ),
        vision_config=dict(
            hidden_size=16, intermediate_size=36, num_hidden_layers=2, num_attention_heads=2, image_size=12,
            patch_size=4, hidden_act="quick_gelu", layer_norm_eps=1e-5,
        ),
    )
    config._attn_implementation = "eager"
    model = randomize(CLIPModel(config), seed=1)
    saved = config.to_dict()
    saved["architectures"] = ["CLIPModel"]
    write_model("clip", model, "model", saved)

    pixels = torch.randn(3, 3, 12, 12, dtype=torch.float64).float().double()
    ids = torch.tensor([[38, 5, 17, 39, 0, 0, 0, 0, 0], [38, 39, 7, 39, 1, 2, 0, 0, 3]])
    vision = model.vision_model(pixel_values=pixels)
    text = model.text_model(input_ids=ids)
    image_features = model.visual_projection(vision.pooler_output)
    text_features = model.text_projection(text.pooler_output)
    outputs = {
        "tokens": vision.last_hidden_state,
        "image_tokens": model.visual_projection(model.vision_model.post_layernorm(vision.last_hidden_state)),
        "image_features": image_features,
        "text_tokens": text.last_hidden_state,
        "text_features": text_features,
        "logits": model(input_ids=ids, pixel_values=pixels).logits_per_image,
    }
    gradients, arriving = gradients_of(model, outputs)
    write_tensors("clip", "reference", {"pixels": nhwc(pixels), "ids": ids, **outputs, **arriving})
    write_tensors("clip", "gradients", gradients)


def unet(name, seed, prefix_config, size, timesteps, context_tokens, pooled_width=None, class_width=None):
    config = dict(
        sample_size=8, in_channels=3, out_channels=3, norm_num_groups=2, layers_per_block=1, cross_attention_dim=7,
        mid_block_type="UNetMidBlock2DCrossAttn", **prefix_config,
    )
    model = UNet2DConditionModel(**config)
    saved = {"_class_name": "UNet2DConditionModel", **dict(model.config)}
    model = randomize(model, seed)
    write_model(name, model, "diffusion_pytorch_model", saved)

    def random(*shape):
        return torch.randn(*shape, dtype=torch.float64).float().double()

    batch = len(timesteps)
    latents = random(batch, 3, *size)
    context = random(batch, context_tokens, 7).requires_grad_()
    added, classes, more = None, None, {}
    if pooled_width:
        # A picture of 96 × 96 pixels that was not cut.
        more["pooled"] = random(1, pooled_width)
        sizes = torch.tensor([[96, 96, 0, 0, 96, 96]]).expand(batch, -1)
        added = {"text_embeds": more["pooled"].expand(batch, -1), "time_ids": sizes}
    if class_width:
        classes = more["classes"] = random(batch, class_width).requires_grad_()
    prediction = model(
        latents, torch.tensor(timesteps), encoder_hidden_states=context, added_cond_kwargs=added, class_labels=classes
    ).sample
    gradients, arriving = gradients_of(model, {"prediction": nhwc(prediction)})
    if class_width:
        more["d_classes"] = classes.grad
        nothing = torch.zeros_like(classes)
        more["unconditional"] = nhwc(model(latents, torch.tensor(timesteps), context, class_labels=nothing).sample)
    write_tensors(name, "reference", more | {
        "latents": nhwc(latents), "timesteps": torch.tensor(timesteps), "context": context,
        "prediction": nhwc(prediction), "d_context": context.grad, **arriving,
    })
    write_tensors(name, "gradients", gradients)


class Given(torch.nn.Module):
    """In the place of the classes' embedding: what is given for the class is the vector itself."""

    def forward(self, vector):
        return vector


def take_vectors(model):
    for block in model.transformer_blocks:
        block.norm1.emb.class_embedder = Given()


def dit(name, seed, side, timesteps, context_tokens, **more):
    config = dict(
        sample_size=8, in_channels=3, num_layers=2, num_attention_heads=2, attention_head_dim=6, num_embeds_ada_norm=5,
        patch_size=2, **more,
    )
    model = DiTTransformer2DModel(**config)
    saved = {"_class_name": "DiTTransformer2DModel", **dict(model.config)}
    model = randomize(model, seed)
    # As in what was published, all blocks have one table of classes.
    tables = [block.norm1.emb.class_embedder.embedding_table for block in model.transformer_blocks]
    for table in tables[1:]:
        table.load_state_dict(tables[0].state_dict())
    write_model(name, model, "diffusion_pytorch_model", saved)

    def random(*shape):
        return torch.randn(*shape, dtype=torch.float64).float().double()

    batch, channels = len(timesteps), config["in_channels"]
    latents = random(batch, channels, side, side).requires_grad_()
    context = random(batch, context_tokens, model.inner_dim).requires_grad_()
    # Of what learns the variance, too, the noise is the first half.
    of_class = model(latents.detach(), torch.tensor(timesteps), torch.full([batch], 3)).sample[:, :channels].detach()
    take_vectors(model)
    prediction = model(latents, torch.tensor(timesteps), context.mean(1)).sample[:, :channels]
    gradients, arriving = gradients_of(model, {"prediction": nhwc(prediction)})
    write_tensors(name, "reference", {
        "latents": nhwc(latents), "timesteps": torch.tensor(timesteps), "context": context,
        "class_vector": tables[0].weight[3], "prediction_of_class": nhwc(of_class),
        "prediction": nhwc(prediction), "d_context": context.grad, "d_latents": nhwc(latents.grad), **arriving,
    })
    write_tensors(name, "gradients", gradients)


def flux(name, seed, grid, timesteps, guidance, text_tokens, **more):
    config = dict(
        in_channels=5, num_single_layers=2, attention_head_dim=8, num_attention_heads=2, joint_attention_dim=6,
        pooled_projection_dim=7, **more,
    )
    model = FluxTransformer2DModel(**config)
    saved = {"_class_name": "FluxTransformer2DModel", **dict(model.config)}
    model = randomize(model, seed)
    write_model(name, model, "diffusion_pytorch_model", saved)

    def random(*shape):
        return torch.randn(*shape, dtype=torch.float64).float().double().requires_grad_()

    batch, (rows, columns) = len(timesteps), grid
    patches, text, pooled = random(batch, rows * columns, 5), random(batch, text_tokens, 6), random(batch, 7)
    times = torch.tensor(timesteps, dtype=torch.float32).double()
    prediction = model(
        patches, encoder_hidden_states=text, pooled_projections=pooled, timestep=times,
        guidance=torch.full_like(times, guidance) if more["guidance_embeds"] else None,
        txt_ids=torch.zeros(text_tokens, 3),
        img_ids=torch.cartesian_prod(torch.zeros(1), torch.arange(float(rows)), torch.arange(float(columns))),
    ).sample
    gradients, arriving = gradients_of(model, {"prediction": prediction})
    write_tensors(name, "reference", {
        "patches": patches, "text": text, "pooled": pooled, "timesteps": times, "grid": torch.tensor(grid),
        "guidance": torch.tensor([float(guidance)]), "prediction": prediction, "d_patches": patches.grad,
        "d_text": text.grad, "d_pooled": pooled.grad, **arriving,
    })
    write_tensors(name, "gradients", gradients)


def autoencoder():
    config = dict(
        sample_size=16, block_out_channels=(4, 6, 8), norm_num_groups=2, layers_per_block=1, latent_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3, scaling_factor=0.7,
    )
    model = AutoencoderKL(**config)
    saved = {"_class_name": "AutoencoderKL", **dict(model.config)}
    model = randomize(model, seed=4)
    write_model("vae", model, "diffusion_pytorch_model", saved)

    images = torch.randn(2, 3, 16, 12, dtype=torch.float64).float().double()
    posterior = model.encode(images).latent_dist
    latents = torch.randn(2, 3, 3, 4, dtype=torch.float64).float().double()
    noise = torch.randn(2, 3, 4, 3, dtype=torch.float64).float().double()
    sampled = posterior.mean + posterior.std * noise
    outputs = {
        "mean": nhwc(posterior.mean), "log_variance": nhwc(posterior.logvar), "sampled": nhwc(sampled),
        "divergence": posterior.kl().mean(), "decoded": nhwc(model.decode(latents).sample),
    }
    gradients, arriving = gradients_of(model, outputs)
    write_tensors("vae", "reference", {
        "images": nhwc(images), "latents": nhwc(latents), "noise": nhwc(noise), **outputs, **arriving,
    })
    write_tensors("vae", "gradients", gradients)


if __name__ == "__main__":
    clip()
    unet(
        "unet", 2, size=(8, 6), timesteps=[0, 999, 437], context_tokens=5,
        prefix_config=dict(
            block_out_channels=(6, 10), attention_head_dim=(3, 2), use_linear_projection=True,
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        ),
    )
    unet(
        "unet-sd1", 3, size=(8, 8), timesteps=[501, 12], context_tokens=3,
        prefix_config=dict(
            block_out_channels=(4, 6, 6), attention_head_dim=2, use_linear_projection=False, flip_sin_to_cos=False,
            freq_shift=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"),
        ),
    )
    unet(
        "unet-sdxl", 5, size=(8, 8), timesteps=[801, 3], context_tokens=4, pooled_width=5,
        prefix_config=dict(
            block_out_channels=(4, 8), attention_head_dim=(2, 4), use_linear_projection=True,
            transformer_layers_per_block=(1, 2), addition_embed_type="text_time", addition_time_embed_dim=4,
            projection_class_embeddings_input_dim=29,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
    )
    dit("dit", 6, side=8, timesteps=[0, 999, 437], context_tokens=5, out_channels=6)
    # Latents of another size than it was trained on.
    dit("dit-plain", 7, side=12, timesteps=[501, 12], context_tokens=1, norm_eps=1e-6)
    # As GenHancer has it, with one token of text; and as FLUX.1-schnell, whose pictures need not be square.
    flux(
        "flux", 8, grid=(4, 4), timesteps=[0.125, 0.731], guidance=4, text_tokens=1, num_layers=2, guidance_embeds=True,
        axes_dims_rope=(2, 2, 4))
    flux(
        "flux-plain", 9, grid=(3, 5), timesteps=[0.9, 0.01], guidance=0, text_tokens=3, num_layers=1,
        guidance_embeds=False, axes_dims_rope=(4, 2, 2))
    unet(
        "unet-unclip", 6, size=(8, 8), timesteps=[612, 40], context_tokens=3, class_width=20,
        prefix_config=dict(
            block_out_channels=(4, 8), attention_head_dim=(2, 4), use_linear_projection=True,
            class_embed_type="projection", projection_class_embeddings_input_dim=20,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
    )
    autoencoder()
