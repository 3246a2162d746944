"""The models' parts and the DIVA step in PyTorch, ready to be timed by peer.py."""

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


class Vision:
    """CLIP's image tower; the class token and chosen patches as CLIP embeds them."""

    def __init__(self, request):
        config = CLIPVisionConfig.from_dict(request["clip"])
        if request["clip"]["model_type"] != "clip_vision_model":
            raise ValueError(f"only CLIP's image tower is known here, not {request['clip']['model_type']}")
        self.type, self.batch, self.patches = request["type"], request["batch"], request["context_tokens"] - 1
        self.model = built(self.type, lambda: CLIPVisionModelWithProjection(config))
        self.pixels = torch.randn(self.batch, 3, config.image_size, config.image_size, dtype=self.type)
        count = (config.image_size // config.patch_size) ** 2
        chosen = 1 + torch.randint(0, count, (self.batch, self.patches))
        self.tokens = torch.cat([chosen.new_zeros(self.batch, 1), chosen], 1)
        self.width = config.projection_dim

    def condition(self):
        tower = self.model.vision_model
        hidden = tower(pixel_values=self.pixels).last_hidden_state
        hidden = hidden.gather(1, self.tokens[..., None].expand(-1, -1, hidden.shape[-1]))
        return self.model.visual_projection(tower.post_layernorm(hidden))


def clip_work(request):
    vision = Vision(request)
    if not request["gradients"]:
        frozen(vision.model)
        return without_gradient(vision.condition)

    def both():
        vision.model.zero_grad()
        vision.condition().mean().backward()

    return both


def unet_work(request):
    unet = frozen(built(request["type"], lambda: UNet2DConditionModel.from_config(request["unet"])))
    latents = random_latents(unet, request)
    shape = (request["batch"], request["context_tokens"], unet.config.cross_attention_dim)
    context = torch.randn(shape, dtype=request["type"])
    timesteps = torch.full((request["batch"],), 500)
    if not request["gradients"]:
        return without_gradient(lambda: unet(latents, timesteps, context).sample)

    def both():
        heard = context.clone().requires_grad_()
        prediction = unet(latents, timesteps, heard).sample
        torch.nn.functional.mse_loss(prediction.float(), latents.float()).backward()

    return both


def vae_work(request):
    autoencoder = frozen(built(request["type"], lambda: AutoencoderKL.from_config(request["vae"])))
    side = autoencoder.config.sample_size
    pixels = torch.randn(request["batch"], 3, side, side, dtype=request["type"])
    return without_gradient(lambda: autoencoder.encode(pixels).latent_dist.mean)


def step_work(request):
    """CLIP, frozen UNet, error of the predicted noise, backward into CLIP, clipping, optimizer; latents are given."""
    kind, draws = request["type"], request["draws"]
    vision = Vision(request)
    unet = frozen(built(kind, lambda: UNet2DConditionModel.from_config(request["unet"])))
    width = unet.config.cross_attention_dim
    projection = built(kind, lambda: torch.nn.Linear(vision.width, width))
    projection.requires_grad_(request["trains_projection"])
    prompt = torch.randn(1, 1, width, dtype=kind)
    latents = random_latents(unet, request)
    schedule = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    trained = [p for model in (vision.model, projection) for p in model.parameters() if p.requires_grad]
    if request["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(trained, lr=1e-4, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0)

    def step():
        noise = torch.randn(draws * len(latents), *latents.shape[1:]).to(kind)
        timesteps = torch.randint(0, 1000, (len(noise),))
        context = projection(vision.condition()) + prompt
        noised = schedule.add_noise(latents.repeat(draws, 1, 1, 1), noise, timesteps)
        prediction = unet(noised, timesteps, context.repeat(draws, 1, 1)).sample
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
