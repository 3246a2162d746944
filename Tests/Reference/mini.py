"""The mini world's models and the DIVA step in PyTorch, for the scripts that compare the engine with it."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPModel

ASSETS = Path(__file__).parents[2] / "assets" / "mini"


class Models:
    """CLIP and the frozen diffusion model, in float32 on the CPU."""

    def __init__(self, clip, unet, autoencoder, schedule):
        self.clip = clip.eval()
        self.unet = unet.eval().requires_grad_(False)
        self.autoencoder = autoencoder.eval().requires_grad_(False)
        self.schedule = schedule

    @classmethod
    def shipped(cls, folder=ASSETS):
        diffusion = folder / "diffusion"
        return cls(
            CLIPModel.from_pretrained(folder / "clip", dtype=torch.float32),
            UNet2DConditionModel.from_pretrained(diffusion / "unet", torch_dtype=torch.float32),
            AutoencoderKL.from_pretrained(diffusion / "vae", torch_dtype=torch.float32),
            DDIMScheduler.from_pretrained(diffusion / "scheduler"),
        )

    def visual_projection(self):
        """`visual_proj` as the reference begins it: torch's own initial values."""
        return torch.nn.Linear(self.clip.config.projection_dim, self.unet.config.cross_attention_dim)

    def image_tokens(self, pixels):
        """Class token and patches as CLIP embeds them, (B, 1 + patches, E)."""
        hidden = self.clip.vision_model(pixel_values=pixels).last_hidden_state
        return self.embedded(hidden)

    def embedded(self, hidden):
        return self.clip.visual_projection(self.clip.vision_model.post_layernorm(hidden))

    def context(self, pixels, patches, projection, prompt):
        """What the UNet is told: visual_proj(class token and the chosen patches) + the mean token of the prompt.

        `patches` (B, N) are patch numbers from 0; `prompt` is (1, tokens, width).
        """
        hidden = self.clip.vision_model(pixel_values=pixels).last_hidden_state
        chosen = torch.cat([patches.new_zeros(len(patches), 1), patches + 1], 1)
        told = hidden.gather(1, chosen[..., None].expand(-1, -1, hidden.shape[-1]))
        return projection(self.embedded(told)) + prompt.mean(1, keepdim=True)

    def prediction(self, latent, noise, timesteps, context):
        """The predicted noise. Several draws an image: noise and timesteps hold the whole batch once a draw."""
        draws = len(noise) // len(latent)
        noised = self.schedule.add_noise(latent.repeat(draws, 1, 1, 1), noise, timesteps)
        return self.unet(noised, timesteps, context.repeat(draws, 1, 1)).sample
