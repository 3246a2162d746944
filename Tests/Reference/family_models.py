"""CLIPs and diffusion folders of the published widths with random weights, for families.py.

Every model is built by its own library and written as that library's users have it; the weights are exact in float16,
which they are stored in.
"""

import json
import re
import shutil

import open_clip
import timm
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiTTransformer2DModel, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_clip_checkpoint, convert_open_clip_checkpoint
from gemma_tokenizer import FOLDER as GEMMA
from models import randomize, take_vectors
from safetensors.torch import load_file, save_file
from single_file import check, ldm_unet, ldm_vae
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, SiglipConfig, SiglipModel, Siglip2Tokenizer

GEMMA_SIZE = 600  # pieces in the small vocabulary
PROMPT = [49406, 320, 1125, 539, 320, 269, 49407]  # a photo of a .


def random_weights(model, seed):
    return randomize(model, seed).float()


def write_tokenizer(folder, padding="<end_of_text>"):
    """CLIP's merges as vocab.json and merges.txt, from the copy inside open_clip."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = open_clip.tokenizer.SimpleTokenizer()
    (folder / "vocab.json").write_text(json.dumps(tokenizer.encoder))
    merges = sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.get)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 77, "pad_token": padding}))


class OpenCLIP:
    """A CLIP of open_clip's architecture, which is OpenAI's: one flat file."""

    def __init__(self, architecture, layers, prefix=""):
        config = open_clip.get_model_config(architecture)
        config["vision_cfg"]["layers"] = layers or config["vision_cfg"]["layers"]
        config["text_cfg"]["layers"] = layers or config["text_cfg"]["layers"]
        config["quick_gelu"] = True
        self.model = random_weights(open_clip.CLIP(**config), seed=31)
        self.model.attn_mask = self.model.attn_mask.float()
        self.size, self.prefix = config["vision_cfg"]["image_size"], prefix

    def write(self, folder):
        folder.mkdir(parents=True)
        write_tokenizer(folder)
        file = folder / "weights.safetensors"
        save_file({self.prefix + k: v.half().contiguous() for k, v in self.model.state_dict().items()}, file)
        return file

    def transform(self):
        return open_clip.transform.image_transform(self.size, is_train=False)

    def tokens(self, pixels, patches=None):
        """The class token and all patches, or chosen ones, as the reference projects them."""
        visual = self.model.visual
        hidden = visual.transformer(visual._embeds(pixels))
        return visual.ln_post(chosen(hidden, patches, first=1)) @ visual.proj

    def features(self, pixels):
        return self.model.encode_image(pixels)

    def text_features(self, texts):
        return self.model.encode_text(open_clip.get_tokenizer("ViT-L-14")(texts))

    def gradients(self):
        return {self.prefix + k: p.grad for k, p in self.model.named_parameters() if p.grad is not None}


class TimmEVA(OpenCLIP):
    """open_clip's EVA-CLIP around a trunk of timm."""

    def __init__(self, architecture, layers):
        config = open_clip.get_model_config(architecture)
        vision, text = config["vision_cfg"], open_clip.CLIPTextCfg(**config["text_cfg"])
        text.layers = layers or text.layers
        model = torch.nn.Module()
        model.visual = torch.nn.Module()
        more = {"depth": layers} if layers else {}
        model.visual.trunk = timm.create_model(vision["timm_model_name"], num_classes=config["embed_dim"], **more)
        model.text = open_clip.model._build_text_tower(config["embed_dim"], text)
        model.logit_scale = torch.nn.Parameter(torch.tensor(1.0))
        self.model, self.size, self.prefix = random_weights(model, seed=40), vision["image_size"], ""
        model.text.attn_mask = model.text.attn_mask.float()

    def tokens(self, pixels, patches=None):
        trunk = self.model.visual.trunk
        return trunk.head(chosen(trunk.forward_features(pixels), patches, first=1))

    def features(self, pixels):
        return self.model.visual.trunk(pixels)

    def text_features(self, texts):
        return self.model.text(open_clip.get_tokenizer("ViT-L-14")(texts))


class TimmSigLIP:
    """open_clip's SigLIP around a trunk of timm."""

    texts = False  # its SentencePiece vocabulary is no part of any package

    def __init__(self, architecture, layers, **words):
        config = self.config = open_clip.get_model_config(architecture)
        vision, text = config["vision_cfg"], open_clip.CLIPTextCfg(**config["text_cfg"] | words)
        more = {"depth": layers} if layers else {}
        text.layers = layers or text.layers
        model = torch.nn.Module()
        model.visual = torch.nn.Module()
        model.visual.trunk = timm.create_model(vision["timm_model_name"], num_classes=0, **more)
        model.text = open_clip.model._build_text_tower(config["embed_dim"], text)
        model.logit_scale = torch.nn.Parameter(torch.tensor(1.0))
        model.logit_bias = torch.nn.Parameter(torch.tensor(-10.0))
        self.model, self.size = random_weights(model, seed=32), vision["image_size"]

    def write(self, folder):
        folder.mkdir(parents=True)
        file = folder / "weights.safetensors"
        save_file({k: v.half().contiguous() for k, v in self.model.state_dict().items()}, file)
        return file

    def transform(self):
        return open_clip.transform.image_transform(
            self.size, is_train=False, mean=(0.5,) * 3, std=(0.5,) * 3, resize_mode="squash", interpolation="bicubic"
        )

    def tokens(self, pixels, patches=None):
        trunk = self.model.visual.trunk
        local = trunk.forward_features(pixels)
        return torch.cat([trunk.forward_head(local)[:, None], chosen(local, patches)], 1)

    def features(self, pixels):
        return self.model.visual.trunk(pixels)

    def gradients(self):
        return {k: p.grad for k, p in self.model.named_parameters() if p.grad is not None}


class TimmSigLIP2(TimmSigLIP):
    """The same with the small vocabulary of gemma_tokenizer.py, whose real one is no part of any package either."""

    texts = True

    def __init__(self, architecture, layers):
        super().__init__(architecture, layers, vocab_size=GEMMA_SIZE)
        self.config["text_cfg"] |= dict(vocab_size=GEMMA_SIZE, layers=len(self.model.text.transformer.resblocks))

    def write(self, folder):
        file = super().write(folder)
        shutil.copytree(GEMMA, folder / "tokenizer")
        colors = dict(mean=[0.5] * 3, std=[0.5] * 3, resize_mode="squash", interpolation="bicubic")
        settings = {"model_cfg": self.config, "preprocess_cfg": colors}
        (folder / "open_clip_config.json").write_text(json.dumps(settings))
        return file

    def text_features(self, texts):
        clean = open_clip.tokenizer.get_clean_fn("canonicalize")
        return self.model.text(gemma_ids([clean(text) for text in texts]))


def gemma_ids(texts):
    tokenizer = Siglip2Tokenizer.from_pretrained(GEMMA)
    return tokenizer(texts, padding="max_length", max_length=64, truncation=True, return_tensors="pt").input_ids


class Transformers:
    """A folder of transformers: CLIPModel or SiglipModel."""

    def __init__(self, model, texts):
        self.model, self.texts, self.size = random_weights(model, seed=33), texts, model.config.vision_config.image_size
        self.is_siglip = isinstance(model, SiglipModel)

    @classmethod
    def clip(cls, patch, layers):
        vision = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, patch_size=patch)
        text = dict(hidden_size=512, intermediate_size=2048, num_attention_heads=8)
        count = dict(num_hidden_layers=layers or 12)
        config = CLIPConfig(text_config=text | count, vision_config=vision | count, projection_dim=512)
        return cls(CLIPModel(config), texts=True)

    @classmethod
    def siglip(cls, layers):
        tower = dict(hidden_size=1152, intermediate_size=4304, num_attention_heads=16, num_hidden_layers=layers or 27)
        text = dict(tower, max_position_embeddings=64, projection_size=1152)
        vision = dict(tower, image_size=384, patch_size=14)
        return cls(SiglipModel(SiglipConfig(text_config=text, vision_config=vision)), texts=False)

    @classmethod
    def siglip2(cls, layers):
        tower = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=layers or 12)
        text = dict(tower, max_position_embeddings=64, projection_size=768, vocab_size=GEMMA_SIZE)
        vision = dict(tower, image_size=224, patch_size=16)
        return cls(SiglipModel(SiglipConfig(text_config=text, vision_config=vision)), texts=True)

    def write(self, folder):
        self.model.half().save_pretrained(folder)
        self.model.float()
        if self.is_siglip and self.texts:
            shutil.copytree(GEMMA, folder, dirs_exist_ok=True)
        elif self.texts:
            write_tokenizer(folder)
        return folder

    def transform(self):
        siglip = dict(mean=(0.5,) * 3, std=(0.5,) * 3, resize_mode="squash", interpolation="bicubic")
        return open_clip.transform.image_transform(self.size, is_train=False, **(siglip if self.is_siglip else {}))

    def tokens(self, pixels, patches=None):
        vision = self.model.vision_model(pixel_values=pixels)
        hidden = vision.last_hidden_state
        if self.is_siglip:
            return torch.cat([vision.pooler_output[:, None], chosen(hidden, patches)], 1)
        return self.model.visual_projection(self.model.vision_model.post_layernorm(chosen(hidden, patches, first=1)))

    def features(self, pixels):
        return self.tokens(pixels)[:, 0]

    def text_features(self, texts):
        if self.is_siglip:
            return self.model.text_model(input_ids=gemma_ids(texts)).pooler_output
        ids = open_clip.get_tokenizer("ViT-L-14")(texts)
        return self.model.text_projection(self.model.text_model(input_ids=ids).pooler_output)

    def gradients(self):
        return {k: p.grad for k, p in self.model.named_parameters() if p.grad is not None}


def chosen(hidden, patches, first=0):
    """Rows of hidden states by patch number; `first` 1 keeps a class token that stands before them."""
    if patches is None:
        return hidden
    rows = torch.cat([patches.new_zeros(len(patches), first), patches + first], 1)
    return hidden.gather(1, rows[..., None].expand(-1, -1, hidden.shape[-1]))


# Stable Diffusion's UNet, text encoder and autoencoder: as published, or the widths of the first two levels with fewer
# layers and for small pictures.
PUBLISHED = (
    dict(sample_size=64, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2),
    dict(num_hidden_layers=23),
    dict(sample_size=512, block_out_channels=(128, 256, 512, 512), layers_per_block=2),
)
REDUCED = (
    dict(
        sample_size=16, block_out_channels=(320, 640), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ),
    dict(num_hidden_layers=2),
    dict(sample_size=128, block_out_channels=(32, 64, 64, 64)),
)  # fmt: skip


class Diffusion:
    """A Stable Diffusion folder: sd-1, sd-2 (base) or sd-2-v."""

    def __init__(self, kind, published=False):
        unet, text, vae = PUBLISHED if published else REDUCED
        is_first = kind == "sd-1"
        width = 768 if is_first else 1024
        heads = 8 if is_first else tuple(channels // 64 for channels in unet["block_out_channels"])
        unet = UNet2DConditionModel(
            **unet, cross_attention_dim=width, attention_head_dim=heads, use_linear_projection=not is_first,
            upcast_attention=kind == "sd-2-v",
        )  # fmt: skip
        text = CLIPTextConfig(
            **text, hidden_size=width, intermediate_size=4 * width, num_attention_heads=width // 64,
            hidden_act="quick_gelu" if is_first else "gelu", bos_token_id=0, eos_token_id=2, projection_dim=512,
        )  # fmt: skip
        vae = AutoencoderKL(
            **vae, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4
        )
        self.side = vae.config.sample_size
        self.unet = random_weights(unet, seed=34).requires_grad_(False)
        self.vae = random_weights(vae, seed=35).requires_grad_(False)
        self.text = random_weights(CLIPTextModel(text), seed=36).requires_grad_(False)
        self.padding = 49407 if is_first else 0
        self.schedule = DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            prediction_type="v_prediction" if kind == "sd-2-v" else "epsilon",
        )  # fmt: skip

    def write(self, folder, form="safetensors"):
        """`form` fp16 has that variant's names, the UNet in several files; bin has PyTorch's pickles."""
        for name in ("unet", "vae", "text"):
            part, place = getattr(self, name).half(), folder / ("text_encoder" if name == "text" else name)
            if form == "fp16":
                part.save_pretrained(place, variant="fp16", max_shard_size="20MB")
            else:
                part.save_pretrained(place)
            if form == "bin":
                pickled(place)
            part.float()
        self.schedule.save_pretrained(folder / "scheduler")
        write_tokenizer(folder / "tokenizer", padding="<end_of_text>" if self.padding else "!")
        return folder

    def prompt(self):
        ids = torch.tensor([PROMPT + [self.padding] * (77 - len(PROMPT))])
        with torch.no_grad():
            return self.text(input_ids=ids).last_hidden_state

    def latent(self, pixels):
        with torch.no_grad():
            return self.vae.encode(pixels).latent_dist.mean * self.vae.config.scaling_factor

    def added(self, images):
        """What the UNet hears beside the context: of SD-XL only."""
        return None

    def loss(self, latent, noise, timesteps, context):
        """The loss over all draws and the prediction; noise and timesteps hold the whole batch once a draw."""
        draws = len(noise) // len(latent)
        clean = latent.repeat(draws, 1, 1, 1)
        noised = self.schedule.add_noise(clean, noise, timesteps)
        context = context.repeat(draws, 1, 1)
        prediction = self.unet(noised, timesteps, context, added_cond_kwargs=self.added(len(noised))).sample
        is_epsilon = self.schedule.config.prediction_type == "epsilon"
        target = noise if is_epsilon else self.schedule.get_velocity(clean, noise, timesteps)
        return torch.nn.functional.mse_loss(prediction, target), prediction


class DiffusionXL(Diffusion):
    """Stable Diffusion XL: its text encoders and context as published, fewer layers, small pictures."""

    def __init__(self, kind, published=False):
        super().__init__("sd-1")
        unet = UNet2DConditionModel(
            sample_size=16, block_out_channels=(320, 640), layers_per_block=1, cross_attention_dim=2048,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=(5, 10),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=(1, 2),
            use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )  # fmt: skip
        second = CLIPTextConfig(
            hidden_size=1280, intermediate_size=5120, num_attention_heads=20, num_hidden_layers=2, hidden_act="gelu",
            projection_dim=1280, bos_token_id=0, eos_token_id=2,
        )  # fmt: skip
        self.unet = random_weights(unet, seed=38).requires_grad_(False)
        self.second = random_weights(CLIPTextModelWithProjection(second), seed=39).requires_grad_(False)
        self.vae.register_to_config(scaling_factor=0.13025)

    def write(self, folder, form="safetensors"):
        super().write(folder, form)
        self.second.half().save_pretrained(folder / "text_encoder_2")
        self.second.float()
        write_tokenizer(folder / "tokenizer_2", padding="!")
        return folder

    @staticmethod
    def ids(words, padding):
        return torch.tensor([words + [padding] * (77 - len(words))])

    def prompt(self):
        with torch.no_grad():
            first = self.text(input_ids=self.ids(PROMPT, 49407), output_hidden_states=True).hidden_states[-2]
            second = self.second(input_ids=self.ids(PROMPT, 0), output_hidden_states=True).hidden_states[-2]
        return torch.cat([first, second], -1)

    def added(self, images):
        with torch.no_grad():
            pooled = self.second(input_ids=self.ids([49406, 49407], 0)).text_embeds
        sizes = torch.tensor([[self.side, self.side, 0, 0, self.side, self.side]])
        return {"text_embeds": pooled.expand(images, -1), "time_ids": sizes.expand(images, -1)}


class DiffusionTransformer(Diffusion):
    """DiT-XL/2: its width as published, fewer blocks. It hears the mean of the context in place of a class."""

    def __init__(self, kind, published=False):
        super().__init__("sd-1")
        layers, size = (28, 32) if published else (3, self.side // 2 ** (len(self.vae.config.block_out_channels) - 1))
        transformer = random_weights(
            DiTTransformer2DModel(num_layers=layers, sample_size=size, out_channels=8), seed=41
        ).requires_grad_(False)  # fmt: skip
        self.transformer = transformer
        if published:
            self.vae.register_to_config(sample_size=256)
            self.side = 256
        self.schedule = DDIMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear", clip_sample=False)

    def write(self, folder, form="safetensors"):
        # A buffer that is in no file; float16 would round it.
        positions = self.transformer.pos_embed.pos_embed
        for name in ("transformer", "vae"):
            part = getattr(self, name).half()
            part.save_pretrained(folder / name)
            part.float()
        self.transformer.pos_embed.pos_embed = positions
        self.schedule.save_pretrained(folder / "scheduler")
        take_vectors(self.transformer)
        return folder

    def prompt(self):
        return torch.zeros(1, 1, self.transformer.inner_dim)

    def loss(self, latent, noise, timesteps, context):
        draws = len(noise) // len(latent)
        noised = self.schedule.add_noise(latent.repeat(draws, 1, 1, 1), noise, timesteps)
        vectors = context.mean(1).repeat(draws, 1)
        prediction = self.transformer(noised, timesteps, vectors).sample[:, :4]
        return torch.nn.functional.mse_loss(prediction, noise), prediction


def pickled(folder):
    """The weights of a folder as PyTorch saved them before safetensors, under the names of that time."""
    file = next(folder.glob("*.safetensors"))
    stem = "pytorch_model" if file.stem == "model" else file.stem
    torch.save(load_file(file), folder / f"{stem}.bin")
    file.unlink()


class SingleFile(Diffusion):
    """The same in one file under the names of latent-diffusion, which has neither sizes of pictures nor a tokenizer."""

    def __init__(self, kind, suffix=".safetensors"):
        super().__init__(kind)
        # The file's sizes are those of its shapes: the autoencoder reduces by 8, the UNet was trained on 64 × 64 latents.
        self.side, self.suffix, self.is_first = 512, suffix, kind == "sd-1"
        if not self.is_first:
            text = self.text.config.to_dict() | {"num_hidden_layers": self.text.config.num_hidden_layers + 1}
            self.whole = random_weights(CLIPTextModel(CLIPTextConfig(**text)), seed=37).requires_grad_(False)
            state = self.whole.state_dict()
            self.text.load_state_dict({k: state[k] for k in self.text.state_dict()})

    def write(self, folder):
        for model in (self.unet, self.vae, self.text):
            model.half().float()
        state = ldm_unet(self.unet) | ldm_vae(self.vae)
        if self.is_first:
            state |= {"cond_stage_model.transformer." + hugging_face(k): v for k, v in self.text.state_dict().items()}
        else:
            self.whole.half().float()
            state |= {"cond_stage_model.model." + k: v for k, v in open_clip_text(self.whole.state_dict()).items()}
        state = {k: v.half().contiguous() for k, v in state.items()}
        file = folder.with_suffix(self.suffix)
        if self.suffix == ".safetensors":
            save_file(state, file)
        else:
            torch.save({"epoch": 1, "state_dict": state, "callbacks": {SingleFile: 1}}, file)
        return file


class SingleFileXL(DiffusionXL):
    """SD-XL in one file; diffusers' conversion must give back both text encoders."""

    def __init__(self, kind, suffix=".safetensors"):
        super().__init__(kind)
        # Its UNet was trained on 128 × 128 latents.
        self.side, self.suffix = 1024, suffix

    def write(self, folder):
        for model in (self.unet, self.vae, self.text, self.second):
            model.half().float()
        first = {"conditioner.embedders.0.transformer." + hugging_face(k): v for k, v in self.text.state_dict().items()}
        second = open_clip_text(self.second.state_dict())
        second["text_projection"] = second.pop("text_projection.weight").T
        second = {"conditioner.embedders.1.model." + k: v.contiguous() for k, v in second.items()}
        converted = convert_ldm_clip_checkpoint(dict(first))
        check({k: converted[hugging_face(k)] for k in self.text.state_dict()}, self.text.state_dict())
        converted = convert_open_clip_checkpoint(self.second, dict(second), prefix="conditioner.embedders.1.model.")
        check({k: converted[k] for k in self.second.state_dict()}, self.second.state_dict())
        second["conditioner.embedders.1.model.logit_scale"] = torch.tensor(4.6)
        state = ldm_unet(self.unet) | ldm_vae(self.vae) | first | second
        file = folder.with_suffix(self.suffix)
        save_file({k: v.half().contiguous() for k, v in state.items()}, file)
        return file


def hugging_face(name):
    """transformers 5 leaves the scope out."""
    return name if name.startswith("text_model.") else "text_model." + name


def open_clip_text(state):
    """A text encoder under open_clip's names."""
    found, layers = {}, {}
    for name, value in state.items():
        name = name.removeprefix("text_model.")
        for own, key in {
            "embeddings.token_embedding.": "token_embedding.", "embeddings.position_embedding.weight": "positional_embedding",
            "final_layer_norm.": "ln_final.", "encoder.layers.": "transformer.resblocks.", ".layer_norm1.": ".ln_1.",
            ".layer_norm2.": ".ln_2.", ".mlp.fc1.": ".mlp.c_fc.", ".mlp.fc2.": ".mlp.c_proj.",
            ".self_attn.out_proj.": ".attn.out_proj.",
        }.items():  # fmt: skip
            name = name.replace(own, key)
        if match := re.match(r"(.*)\.self_attn\.([qkv])_proj\.(\w+)", name):
            layers.setdefault(f"{match[1]}.attn.in_proj_{match[3]}", {})[match[2]] = value
        else:
            found[name] = value
    return found | {name: torch.cat([parts[p] for p in "qkv"]) for name, parts in layers.items()}
