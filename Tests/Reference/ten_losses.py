"""Ten optimizer steps of DIVA on small models in PyTorch: every loss, and the weights after the last step.

Writes Tests/Fixtures/training_adamw.safetensors and training_sgd.safetensors. The models are those that models.py wrote
under Tests/Fixtures/models (clip, and unet as the frozen denoiser); noise, timesteps, patches and the order of images
are those that `Trainer` draws from the seed. Computed in double precision from the float16 weights, stored as float32.
Run: python Tests/Reference/ten_losses.py (needs torch, transformers, diffusers, safetensors).
"""

import dataclasses
import pathlib

import diffusers
import torch
import transformers
from diffusers import DDIMScheduler, UNet2DConditionModel
from mini import Models
from random_source import RandomSource
from safetensors.torch import save
from transformers import CLIPModel

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
VERSIONS = {
    "made with": f"torch {torch.__version__}, transformers {transformers.__version__}, "
    f"diffusers {diffusers.__version__}"
}
# Streams of Recap's RandomStream.
ORDER, PATCHES, NOISE, TIMESTEPS, ALIGN_DENSITY = 10, 11, 20, 21, 22
# Not a multiple of the batch, so that batches cross epochs.
IMAGES = 5


@dataclasses.dataclass
class Plan:
    """The settings of a `TrainConfiguration`."""

    optimizer: str
    patches: object  # the density: chooses the patches of an image
    seed: int = 7
    align_steps: int = 4
    align_rate: float = 1e-3
    steps: int = 6
    rate: float = 1e-3
    projection_rate: float = 0.0
    warm_up_steps: int = 2
    batch: int = 3
    accumulate: int = 2
    draws: int = 2
    timesteps: tuple = (150, 850)
    momentum: float = 0.9
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    baseline_share: float = 0.25


def half_of_the_patches(random, patches, step, sample):
    return random.permutation(patches, step, sample)[: patches // 2]


def four_patches(random, patches, step, sample):
    """With replacement."""
    return [random.integer(0, patches, step, sample, position=i) for i in range(4)]


PLANS = [
    Plan("adamw", half_of_the_patches),
    # The projection goes on learning beside the tower, and every gradient is clipped.
    Plan("sgd", four_patches, seed=2**40 + 3, rate=0.05, projection_rate=0.02, clip_norm=0.05),
]


class Run:
    def __init__(self, plan):
        self.plan = plan
        clip = CLIPModel.from_pretrained(FIXTURES / "models/clip", dtype=torch.float64, attn_implementation="eager")
        unet = UNet2DConditionModel.from_pretrained(FIXTURES / "models/unet", torch_dtype=torch.float64)
        schedule = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
        self.models = Models(clip, unet, torch.nn.Identity(), schedule)
        torch.manual_seed(11)
        self.projection = self.models.visual_projection().double()
        with torch.no_grad():
            for parameter in self.projection.parameters():
                parameter.copy_(parameter.float())
        vision, side = clip.config.vision_config, unet.config.sample_size
        self.patch_count = (vision.image_size // vision.patch_size) ** 2
        self.inputs = {
            "pixels": torch.randn(IMAGES, 3, vision.image_size, vision.image_size),
            "latents": torch.randn(IMAGES, unet.config.in_channels, side, side),
            "prompt": torch.randn(1, 6, unet.config.cross_attention_dim),
        }
        tower = [*clip.vision_model.named_parameters(prefix="vision_model")]
        tower += [*clip.visual_projection.named_parameters(prefix="visual_projection")]
        self.tower = dict(tower)
        self.begin = {name: parameter.detach().clone() for name, parameter in self.weights().items()}

    def weights(self):
        return self.tower | {f"visual_proj.{name}": value for name, value in self.projection.named_parameters()}

    def random(self, stream):
        return RandomSource(self.plan.seed, stream)

    def any_number(self, position):
        """Aligning serves all densities: a number of patches for each micro-batch, drawn evenly."""
        count = self.random(ALIGN_DENSITY).integer(0, self.patch_count + 1, position)
        return lambda random, patches, step, sample: random.permutation(patches, step, sample)[:count]

    def loss(self, position, choose):
        """The loss of micro-batch number `position` of the run, and what led to it; `choose` is the density."""
        plan, order = self.plan, self.random(ORDER)
        places = range(position * plan.batch, (position + 1) * plan.batch)
        images = [order.permutation(IMAGES, step=place // IMAGES)[place % IMAGES] for place in places]
        patches = self.random(PATCHES)
        chosen = [choose(patches, self.patch_count, position, sample) for sample in range(plan.batch)]
        latents = self.inputs["latents"][images].double()
        count, (_, channels, height, width) = plan.draws * plan.batch, latents.shape
        noise = torch.from_numpy(self.random(NOISE).normal((count, height, width, channels), position))
        noise = noise.permute(0, 3, 1, 2).double()
        drawn = self.random(TIMESTEPS)
        timesteps = torch.tensor([drawn.integer(*plan.timesteps, position, sample) for sample in range(count)])
        context = self.models.context(
            self.inputs["pixels"][images].double(), torch.tensor(chosen).long(), self.projection, self.inputs["prompt"].double())
        prediction = self.models.prediction(latents, noise, timesteps, context)
        loss = torch.nn.functional.mse_loss(prediction, noise)
        return loss, {
            "images": torch.tensor(images), "patches": torch.tensor(chosen), "noise": nhwc(noise), "timesteps": timesteps,
            "context": context, "prediction": nhwc(prediction),
        }

    def step(self, number, trained, optimizer, norms):
        """One optimizer step on some parameters; the mean loss of its micro-batches."""
        for parameter in self.weights().values():
            parameter.requires_grad_(any(parameter is one for one in trained))
            parameter.grad = None
        losses = []
        for part in range(self.plan.accumulate):
            position = number * self.plan.accumulate + part
            aligns = number < self.plan.align_steps
            loss, _ = self.loss(position, self.any_number(position) if aligns else self.plan.patches)
            (loss / self.plan.accumulate).backward()
            losses.append(loss.detach())
        norms.append(torch.nn.utils.clip_grad_norm_(trained, self.plan.clip_norm))
        optimizer.step()
        return torch.stack(losses).mean()

    def run(self):
        plan, tower, projection = self.plan, list(self.tower.values()), list(self.projection.parameters())
        losses, norms, rates = [], [], []
        aligner = torch.optim.AdamW(projection, lr=plan.align_rate, weight_decay=0)
        for number in range(plan.align_steps):
            losses.append(self.step(number, projection, aligner, norms))
            rates.append(plan.align_rate)
        groups = [
            {"params": tower, "lr": plan.rate, "weight_decay": plan.weight_decay},
            {"params": projection, "lr": plan.projection_rate, "weight_decay": 0.0},
        ]
        if plan.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, momentum=plan.momentum)
        else:
            optimizer = torch.optim.AdamW(groups)
        schedule = transformers.get_cosine_schedule_with_warmup(optimizer, plan.warm_up_steps, plan.steps)
        trained = tower + (projection if plan.projection_rate > 0 else [])
        for number in range(plan.steps):
            rates.append(optimizer.param_groups[0]["lr"])
            losses.append(self.step(plan.align_steps + number, trained, optimizer, norms))
            schedule.step()
        with torch.no_grad():
            for name, parameter in self.tower.items():
                parameter += plan.baseline_share * (self.begin[name] - parameter)
        return {"losses": torch.stack(losses), "norms": torch.stack(norms), "rates": torch.tensor(rates).double()}


def nhwc(images):
    return images.permute(0, 2, 3, 1)


def write(plan):
    run = Run(plan)
    first_loss, first = run.loss(0, plan.patches)
    tensors = {"pixels": nhwc(run.inputs["pixels"]), "latents": nhwc(run.inputs["latents"]), "prompt": run.inputs["prompt"]}
    tensors |= {f"first.{name}": value for name, value in first.items()} | {"first.loss": first_loss}
    tensors |= {f"begin.{name}": value for name, value in run.begin.items() if name.startswith("visual_proj")}
    tensors |= run.run()
    tensors |= {f"end.{name}": value for name, value in run.weights().items()}
    tensors = {key: v.detach().float() if v.is_floating_point() else v for key, v in tensors.items()}
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    (FIXTURES / f"training_{plan.optimizer}.safetensors").write_bytes(save(tensors, metadata=VERSIONS))


if __name__ == "__main__":
    for plan in PLANS:
        write(plan)
