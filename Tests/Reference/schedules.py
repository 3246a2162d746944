"""Noise schedules, DDIM trajectories and optimizer steps as diffusers and PyTorch compute them.

Writes Tests/Fixtures/schedules.safetensors, ddim.safetensors and optimizers.safetensors.
Run: python Tests/Reference/schedules.py (needs torch, diffusers, transformers, safetensors).
"""

import pathlib

import diffusers
import torch
import transformers
from diffusers import DDIMScheduler
from safetensors.torch import save

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
# One key only: the package writes several in an order of its own, and the files should come out the same each time.
VERSIONS = {
    "made with": f"torch {torch.__version__}, transformers {transformers.__version__}, "
    f"diffusers {diffusers.__version__}"
}


def write(name, tensors):
    tensors = {key: value.detach().contiguous() for key, value in tensors.items()}
    (FIXTURES / f"{name}.safetensors").write_bytes(save(tensors, metadata=VERSIONS))


def schedules():
    def alphas(**config):
        return DDIMScheduler(**config).alphas_cumprod

    write("schedules", {
        "scaled_linear": alphas(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        "linear": alphas(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
        "squared_cosine": alphas(beta_schedule="squaredcos_cap_v2"),
        "short": alphas(num_train_timesteps=37, beta_start=0.001, beta_end=0.3, beta_schedule="scaled_linear"),
        "leading_20": DDIM(20).timesteps,
        "leading_7": DDIM(7).timesteps,
        "leading_50_strength_0.3": DDIM(50).timesteps[50 - 15 :],
    })


def DDIM(steps, **config):
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
        **{"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1, **config},
    )
    scheduler.set_timesteps(steps)
    return scheduler


def trajectories():
    """The denoiser is a fixed formula, so that only the sampler is compared: prediction = sin(3·x + t / 100)."""
    torch.manual_seed(5)
    start = torch.randn(2, 3, 2, 5)
    noise = torch.randn(2, 3, 2, 5)
    tensors = {"start": start, "noise": noise}
    variants = {
        "epsilon": {},
        "velocity": {"prediction_type": "v_prediction"},
        "clipped": {"clip_sample": True, "clip_sample_range": 0.8, "set_alpha_to_one": True},
    }
    for name, config in variants.items():
        scheduler = DDIM(9, **config)
        x, path = start.clone(), []
        for t in scheduler.timesteps:
            x = scheduler.step(torch.sin(3 * x + t / 100), t, x, eta=0.0).prev_sample
            path.append(x)
        tensors[name] = torch.stack(path)
    times = torch.tensor([12, 871])
    scheduler = DDIM(9)
    tensors["timesteps"] = times
    tensors["noised"] = scheduler.add_noise(start, noise, times)
    tensors["velocity_target"] = scheduler.get_velocity(start, noise, times)
    write("ddim", tensors)


def optimizers():
    """Ten steps on two tensors with given gradients; every step's weights, and the state after the last."""
    torch.manual_seed(6)
    first, second = torch.randn(3, 5), torch.randn(7)
    gradients = [(torch.randn(3, 5) * 3, torch.randn(7) * 0.1) for _ in range(10)]
    tensors = {"first": first, "second": second}
    for step, (a, b) in enumerate(gradients):
        tensors[f"gradient.{step}.first"] = a
        tensors[f"gradient.{step}.second"] = b

    def run(name, make, maximum=None):
        a, b = torch.nn.Parameter(first.clone()), torch.nn.Parameter(second.clone())
        optimizer = make(a, b)
        rate = optimizer.param_groups[0]["lr"]
        schedule = transformers.get_cosine_schedule_with_warmup(optimizer, 2, 10)
        norms, rates = [], []
        for step, (da, db) in enumerate(gradients):
            # The second tensor gets no gradient at first, as a part that is trained only later.
            a.grad, b.grad = da.clone(), db.clone() if step >= 3 else None
            norms.append(torch.nn.utils.clip_grad_norm_([a, b], maximum or float("inf")))
            rates.append(torch.tensor(optimizer.param_groups[0]["lr"], dtype=torch.float64))
            optimizer.step()
            schedule.step()
            tensors[f"{name}.{step}.first"] = a.detach().clone()
            tensors[f"{name}.{step}.second"] = b.detach().clone()
        tensors[f"{name}.norms"] = torch.stack(norms)
        tensors[f"{name}.rates"] = torch.stack(rates)
        for label, parameter in (("first", a), ("second", b)):
            for key, value in optimizer.state[parameter].items():
                tensors[f"{name}.state.{label}.{key}"] = torch.as_tensor(value)

    groups = lambda a, b, rate: [
        {"params": [a], "lr": rate, "weight_decay": 0.1}, {"params": [b], "lr": 0.5 * rate, "weight_decay": 0.0},
    ]
    run("adamw", lambda a, b: torch.optim.AdamW(groups(a, b, 0.05), betas=(0.8, 0.95), eps=1e-6))
    run("adamw_clipped", lambda a, b: torch.optim.AdamW(groups(a, b, 0.05)), maximum=1.0)
    run("sgd", lambda a, b: torch.optim.SGD(groups(a, b, 0.1), momentum=0.9), maximum=1.0)
    write("optimizers", tensors)


schedules()
trajectories()
optimizers()
