"""The models' parts and the DIVA step in PyTorch, ready to be timed by peer.py.

`request["type"]` is the weights' and `request["wrap"]` makes of a module what is called in its place (peer_engines.py).
"""

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection


def built(type, make):
    """A model whose weights are `type` from the start, so that none of its memory was ever f32."""
    torch.set_default_dtype(type)
    try:
        return make().eval()
    finally:
        torch.set_default_dtype(torch.float32)


def frozen(model):
    return model.requires_grad_(False)


class Vision(torch.nn.Module):
    """CLIP's image tower; the class token and chosen patches as CLIP embeds them."""

    def __init__(self, request):
        super().__init__()
        config = CLIPVisionConfig.from_dict(request["clip"])
        if request["clip"]["model_type"] != "clip_vision_model":
            raise ValueError(f"only CLIP's image tower is known here, not {request['clip']['model_type']}")
        batch, side = request["batch"], config.image_size
        self.model = built(request["type"], lambda: CLIPVisionModelWithProjection(config))
        self.pixels = torch.randn(batch, 3, side, side, dtype=request["type"])
        chosen = 1 + torch.randint(0, (side // config.patch_size) ** 2, (batch, request["context_tokens"] - 1))
        self.tokens = torch.cat([chosen.new_zeros(batch, 1), chosen], 1)
        self.width = config.projection_dim

    def forward(self, pixels):
        tower = self.model.vision_model
        hidden = tower(pixel_values=pixels).last_hidden_state
        hidden = hidden.gather(1, self.tokens[..., None].expand(-1, -1, hidden.shape[-1]))
        return self.model.visual_projection(tower.post_layernorm(hidden))


class Denoiser(torch.nn.Module):
    """Stable Diffusion's frozen UNet."""

    def __init__(self, request):
        super().__init__()
        self.unet = frozen(built(request["type"], lambda: UNet2DConditionModel.from_config(request["unet"])))

    def forward(self, latents, timesteps, context):
        return self.unet(latents, timesteps, context).sample


class Encoder(torch.nn.Module):
    """The encoding half of Stable Diffusion's autoencoder, frozen."""

    def __init__(self, request):
        super().__init__()
        self.autoencoder = frozen(built(request["type"], lambda: AutoencoderKL.from_config(request["vae"])))

    def forward(self, pixels):
        return self.autoencoder.encode(pixels).latent_dist.mean


def clip(request):
    vision = Vision(request)
    return vision, (vision.pixels,)


def unet(request):
    denoiser = Denoiser(request)
    latents = random_latents(denoiser.unet, request)
    shape = (request["batch"], request["context_tokens"], denoiser.unet.config.cross_attention_dim)
    # Not whole numbers: ncnn knows f32 only.
    timesteps = torch.full((request["batch"],), 500.0)
    return denoiser, (latents, timesteps, torch.randn(shape, dtype=request["type"]))


def vae(request):
    encoder = Encoder(request)
    side = encoder.autoencoder.config.sample_size
    return encoder, (torch.randn(request["batch"], 3, side, side, dtype=request["type"]),)


# A module and the inputs of its forward pass.
FORWARD = {"clip": clip, "unet": unet, "vae": vae}


def forward_work(request):
    module, inputs = FORWARD[request["kind"]](request)
    run = request["wrap"](frozen(module))
    return without_gradient(lambda: run(*inputs))


def clip_work(request):
    if not request["gradients"]:
        return forward_work(request)
    vision, inputs = clip(request)
    condition = request["wrap"](vision)

    def both():
        vision.zero_grad()
        condition(*inputs).mean().backward()

    return both


def unet_work(request):
    if not request["gradients"]:
        return forward_work(request)
    denoiser, (latents, timesteps, context) = unet(request)
    predicted = request["wrap"](denoiser)

    def both():
        leaf = context.clone().requires_grad_()
        prediction = predicted(latents, timesteps, leaf)
        torch.nn.functional.mse_loss(prediction.float(), latents.float()).backward()

    return both


def step_work(request):
    """CLIP, frozen UNet, error of the predicted noise, backward into CLIP, clipping, optimizer; latents are given."""
    kind, draws = request["type"], request["draws"]
    vision, denoiser = Vision(request), Denoiser(request)
    condition, predicted = request["wrap"](vision), request["wrap"](denoiser)
    width = denoiser.unet.config.cross_attention_dim
    projection = built(kind, lambda: torch.nn.Linear(vision.width, width))
    projection.requires_grad_(request["trains_projection"])
    prompt = torch.randn(1, 1, width, dtype=kind)
    latents = random_latents(denoiser.unet, request)
    schedule = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    trained = [p for model in (vision, projection) for p in model.parameters() if p.requires_grad]
    if request["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(trained, lr=1e-4, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0)

    def step():
        noise = torch.randn(draws * len(latents), *latents.shape[1:]).to(kind)
        timesteps = torch.randint(0, 1000, (len(noise),))
        context = projection(condition(vision.pixels)) + prompt
        noised = schedule.add_noise(latents.repeat(draws, 1, 1, 1), noise, timesteps)
        prediction = predicted(noised, timesteps, context.repeat(draws, 1, 1))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(prediction.float(), noise.float()).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()

    return step


def random_latents(unet, request):
    side = unet.config.sample_size
    return torch.randn(request["batch"], unet.config.in_channels, side, side, dtype=request["type"])


def without_gradient(work):
    def run():
        with torch.no_grad():
            work()

    return run
