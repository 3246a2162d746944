"""The default DIVA step of the mini world in PyTorch, timed; the other side of `diva-tui bench --part mini`.

One step: CLIP's image tower on the batch, its class token as the context of two noise draws an image through the
frozen UNet, the noise-prediction error, the gradient back into the tower, clipping, AdamW. Latents are given, as they
are cached in training. Prints one line of JSON.
"""

import argparse
import json
import statistics
import time

import torch
from mini import ASSETS, Models


class Step:
    def __init__(self, models, batch, draws):
        vision, unet = models.clip.config.vision_config, models.unet.config
        self.models, self.draws = models, draws
        self.pixels = torch.randn(batch, 3, vision.image_size, vision.image_size)
        self.latent = torch.randn(batch, unet.in_channels, unet.sample_size, unet.sample_size)
        self.patches = torch.zeros(batch, 0, dtype=torch.long)
        self.prompt = torch.randn(1, models.clip.config.text_config.max_position_embeddings, unet.cross_attention_dim)
        # Aligned beforehand, so it does not learn in this step.
        self.projection = models.visual_projection().requires_grad_(False)
        models.clip.requires_grad_(False)
        self.trained = [*models.clip.vision_model.parameters(), *models.clip.visual_projection.parameters()]
        for parameter in self.trained:
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(self.trained, lr=3e-4, weight_decay=0)

    def __call__(self):
        noise = torch.randn(self.draws * len(self.latent), *self.latent.shape[1:])
        timesteps = torch.randint(0, 1000, (len(noise),))
        context = self.models.context(self.pixels, self.patches, self.projection, self.prompt)
        prediction = self.models.prediction(self.latent, noise, timesteps, context)
        loss = torch.nn.functional.mse_loss(prediction, noise)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    is_shipped = ASSETS.exists()
    step = Step(Models.shipped() if is_shipped else Models.random(), options.batch, options.draws)
    for _ in range(3):  # the first steps allocate
        step()
    times = []
    for _ in range(options.repeat):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({
        "part": "mini", "seconds": statistics.median(times), "fastest": min(times), "repeat": options.repeat,
        "batch": options.batch, "draws": options.draws, "threads": options.threads, "torch": torch.__version__,
        "weights": "assets/mini" if is_shipped else "random",
    }))  # fmt: skip


if __name__ == "__main__":
    main()
