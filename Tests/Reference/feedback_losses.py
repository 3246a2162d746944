"""Losses of the other feedbacks and their gradients on small models in PyTorch, by their papers' formulas.

Writes Tests/Fixtures/feedback_losses.safetensors, GenHancer's denoiser under Tests/Fixtures/models, and lora_step.safetensors with a step of PEFT's low-rank adaptation.
Models, projection, images and latents are those of ten_losses.py; the
tuned tower is the baseline's with every weight times 1.1, so that the anchor has a distance. Computed in double precision
from the float16 weights, stored as float32.
Run: python Tests/Reference/feedback_losses.py (needs torch, transformers, diffusers, safetensors).
"""

import copy

import peft
import torch
from diffusers import DDIMScheduler, FluxTransformer2DModel, UNet2DConditionModel
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.models.embeddings import get_timestep_embedding
from models import randomize, write_model
from safetensors.torch import save
from ten_losses import FIXTURES, PLANS, VERSIONS, Run, nhwc
from torch.nn.functional import normalize

GROUP, TEMPERATURE_DCR = 4, 0.1
TEMPERATURE_ANCHOR, ANCHOR_WEIGHT = 0.01, 10
IMAGES = 8


def features(clip, pixels):
    return normalize(clip.get_image_features(pixel_values=pixels).pooler_output, dim=-1)


def contrastive_anchor(clip, baseline, first, second):
    """InfoNCE of two crops both ways, and the squared distance from the baseline's features."""
    u, v = features(clip, first), features(clip, second)
    total = 0
    for i in range(len(u)):
        forward = torch.log_softmax(v @ u[i] / TEMPERATURE_ANCHOR, 0)[i]
        back = torch.log_softmax(u @ v[i] / TEMPERATURE_ANCHOR, 0)[i]
        total = total - (forward + back) / 2 / len(u)
    anchor = 0
    for pixels, now in [(first, u), (second, v)]:
        before = features(baseline, pixels).detach()
        anchor = anchor + ((now - before) ** 2).sum(1).mean() / 2
    return total + ANCHOR_WEIGHT * anchor


def dcr(run, clip, pixels, augmented, latents, noise, timesteps):
    """DCR's contrast, one pair of predictions after the other."""
    prompt = run.inputs["prompt"].double()

    def condition(image):
        token = run.projection(clip.get_image_features(pixel_values=image[None]).pooler_output)
        return token[:, None].expand(-1, prompt.shape[1], -1) + prompt

    def predict(i, context):
        noised = run.models.schedule.add_noise(latents[i : i + 1], noise[i : i + 1], timesteps[i : i + 1])
        return run.models.unet(noised, timesteps[i : i + 1], context).sample.flatten()

    def similarity(a, b):
        return torch.cosine_similarity(a, b, dim=0) / TEMPERATURE_DCR

    own = [condition(image) for image in pixels]
    view = [condition(image) for image in augmented]
    total = 0
    for i in range(len(pixels)):
        first = i // GROUP * GROUP
        a = predict(i, own[i])
        positives = [similarity(a, predict(i, view[i])), similarity(a, noise[i].flatten())]
        negatives = [similarity(a, predict(i, own[j])) for j in range(first, first + GROUP) if j != i]
        below = torch.logsumexp(torch.stack(positives + negatives), 0)
        total = total + ((below - positives[0]) + (below - positives[1])) / 2 / len(pixels)
    return total


def unclip(run, clip, pixels, latents, noise, timesteps):
    """un²CLIP: a frozen generator's velocity, given the embedding and its level of noise, 0, as Stable unCLIP takes them."""
    generator = UNet2DConditionModel.from_pretrained(FIXTURES / "models/unet-unclip", torch_dtype=torch.float64)
    generator.requires_grad_(False)
    schedule = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction")
    embeddings = clip.get_image_features(pixel_values=pixels).pooler_output
    levels = get_timestep_embedding(
        torch.zeros(len(pixels)), embeddings.shape[1], flip_sin_to_cos=True, downscale_freq_shift=0)
    text = run.inputs["prompt"].double().expand(len(pixels), -1, -1)
    answer = generator(
        schedule.add_noise(latents, noise, timesteps), timesteps, text,
        class_labels=torch.cat([embeddings, levels.double()], 1)).sample
    return ((answer - schedule.get_velocity(latents, noise, timesteps)) ** 2).mean()


class Projectors(torch.nn.Module):
    """GenHancer's: from CLIP's embedding to FLUX's vector and to the only token of its text."""

    def __init__(self, width, vector, token):
        super().__init__()
        self.project_clip, self.project_t5 = (
            torch.nn.Sequential(
                torch.nn.LayerNorm(width), torch.nn.Linear(width, outputs), torch.nn.GELU(),
                torch.nn.Linear(outputs, outputs))
            for outputs in (vector, token))


def genhancer_models():
    flux = FluxTransformer2DModel(
        in_channels=12, num_layers=1, num_single_layers=2, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=6, pooled_projection_dim=7, guidance_embeds=True, axes_dims_rope=(2, 2, 4))
    config = {"_class_name": "FluxTransformer2DModel", **dict(flux.config)}
    flux, projectors = randomize(flux, seed=12), randomize(Projectors(10, 7, 6), seed=13)
    write_model("genhancer", flux, "diffusion_pytorch_model", config)
    write_model("genhancer/projectors", projectors, "model", {"embedding_width": 10})
    return flux.requires_grad_(False), projectors.requires_grad_(False)


def genhancer(flux, projectors, clip, pixels, latents, noise, normal):
    """GenHancer: rectified flow from a frozen denoiser, given the embedding, not normalised, as vector and as token."""
    embeddings = clip.get_image_features(pixel_values=pixels).pooler_output
    times = torch.sigmoid(normal)

    def pack(x):
        return FluxPipeline._pack_latents(x, *x.shape)

    t = times.view(-1, 1, 1, 1)
    rows, columns = (size // 2 for size in latents.shape[2:])
    velocity = flux(
        pack((1 - t) * latents + t * noise), encoder_hidden_states=projectors.project_t5(embeddings)[:, None],
        pooled_projections=projectors.project_clip(embeddings), timestep=times, guidance=torch.full_like(times, 4),
        txt_ids=torch.zeros(1, 3),
        img_ids=torch.cartesian_prod(torch.zeros(1), torch.arange(float(rows)), torch.arange(float(columns))),
    ).sample
    return ((velocity - pack(noise - latents)) ** 2).mean()


def lora_step(run, clip, inputs, timesteps):
    """One step of AdamW on PEFT's factors and the biases beside them: gradients, and the weights that they merge to."""
    torch.manual_seed(21)
    layers = r"(vision_model.*(q|k|v|out)_proj|vision_model.*fc[12]|visual_projection)"
    adapted = peft.get_peft_model(
        clip, peft.LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, bias="lora_only", target_modules=layers)).double()
    factors = {name: value for name, value in adapted.named_parameters() if ".lora_" in name}

    def own(name):
        return name.removeprefix("base_model.model.").replace(".default.", ".").replace(".base_layer.", ".")

    tensors = {}
    with torch.no_grad():
        for name, value in factors.items():
            if ".lora_B." in name:
                value.copy_(0.1 * torch.randn_like(value))
            value.copy_(value.float())
            tensors[own(name)] = value.clone()
    trained = [value for value in adapted.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0)
    loss = unclip(run, adapted.base_model.model, **inputs, timesteps=timesteps)
    loss.backward()
    tensors["loss"] = loss
    for name, value in adapted.named_parameters():
        if "layers.0.self_attn.q_proj" in name or "layers.1.mlp.fc1" in name or "visual_projection" in name:
            if value.grad is not None:
                tensors[f"gradient.{own(name)}"] = value.grad
    optimizer.step()
    for name, value in adapted.merge_and_unload().named_parameters():
        if "vision_model.encoder.layers.1.mlp.fc" in name or "visual_projection" in name:
            tensors[f"merged.{name}"] = value
    return tensors


def write(name, tensors):
    tensors = {key: v.detach().float() if v.is_floating_point() else v for key, v in tensors.items()}
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    (FIXTURES / f"{name}.safetensors").write_bytes(save(tensors, metadata=VERSIONS))


def main():
    run = Run(PLANS[0])
    baseline = run.models.clip.eval().requires_grad_(False)
    clip = copy.deepcopy(baseline)
    tower = {}
    for name, parameter in clip.named_parameters():
        if name.startswith("vision_model") or name.startswith("visual_projection"):
            parameter.data *= 1.1
            tower[name] = parameter.requires_grad_(True)
    size, (_, channels, side, _) = clip.config.vision_config.image_size, run.inputs["latents"].shape
    inputs = {
        "pixels": torch.randn(IMAGES, 3, size, size), "augmented": torch.randn(IMAGES, 3, size, size),
        "latents": torch.randn(IMAGES, channels, side, side), "noise": torch.randn(IMAGES, channels, side, side),
    }
    # Logit-normal times, written out.
    normal = torch.tensor([-1.5, -0.7, -0.2, 0.0, 0.3, 0.8, 1.4, 2.0])
    generator = genhancer_models()
    timesteps = torch.tensor([100, 250, 400, 500, 600, 700, 800, 900])
    doubles = {name: value.double() for name, value in inputs.items()}
    tensors = {name: nhwc(value) for name, value in inputs.items()}
    tensors |= {"timesteps": timesteps, "genhancer.normal": normal[:, None]}
    losses = {
        "anchor": lambda: contrastive_anchor(clip, baseline, doubles["pixels"], doubles["augmented"]),
        "dcr": lambda: dcr(run, clip, **doubles, timesteps=timesteps),
        "unclip": lambda: unclip(
            run, clip, **{name: doubles[name] for name in ["pixels", "latents", "noise"]}, timesteps=timesteps),
        "genhancer": lambda: genhancer(
            *generator, clip, **{name: doubles[name] for name in ["pixels", "latents", "noise"]}, normal=normal.double()),
    }
    learning = tower | {f"visual_proj.{name}": value for name, value in run.projection.named_parameters()}
    for name, loss in losses.items():
        for parameter in learning.values():
            parameter.grad = None
        value = loss()
        value.backward()
        tensors[f"{name}.loss"] = value
        for key in ["visual_projection.weight", "vision_model.embeddings.class_embedding", "visual_proj.weight",
                    "vision_model.encoder.layers.0.self_attn.v_proj.weight"]:
            if learning[key].grad is not None:
                tensors[f"{name}.{key}"] = learning[key].grad
    write("feedback_losses", tensors)
    given = {name: doubles[name] for name in ["pixels", "latents", "noise"]}
    write("lora_step", lora_step(run, copy.deepcopy(baseline), given, timesteps))


if __name__ == "__main__":
    main()
