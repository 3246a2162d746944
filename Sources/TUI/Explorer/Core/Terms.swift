import Recap

/// What a newcomer cannot know, as docs/GLOSSARY.md puts it, which a test compares.
enum Terms {
  static let all: [(term: String, meaning: String)] = [
    (
      "recap",
      "The condition that is built from CLIP's own image tokens: the class token and as many patch tokens "
        + "as the recap density allows."
    ),
    (
      "recap density",
      "Which patch tokens join the class token in the condition: class (none), all, 0.3 (a random share), "
        + "count:76 (random, with replacement) or pool:6 (means of six neighbours)."
    ),
    (
      "class token",
      "The token of a vision transformer that stands for the whole image; for SigLIP, which has none, the "
        + "output of its attention pooling."
    ),
    ("patch token", "One of the other output tokens of the vision tower, one per image patch."),
    (
      "visual projection",
      "The linear layer visual_proj from CLIP's embedding width to the denoiser's context width; trained "
        + "with CLIP, discarded afterwards."
    ),
    (
      "condition",
      "What the denoiser's prediction depends on besides the noised latent and the timestep; here the "
        + "recap, i.e. a choice of tokens."
    ),
    (
      "context",
      "The condition as a tensor, (batch, tokens, context width): projected tokens + prompt embedding, the "
        + "keys and values of cross-attention (encoder_hidden_states in diffusers)."
    ),
    (
      "denoiser",
      "The frozen UNet, or DiT's transformer, that predicts the noise in a latent from the latent, the timestep and the "
        + "context."
    ),
    ("latent", "An image after the autoencoder's encoder: the posterior mean times the scaling factor."),
    ("timestep", "The position t in the noise schedule, 0 to 999; a larger t means more noise."),
    ("loss", "The mean squared error between the predicted noise and ε over all elements."),
    (
      "aligning steps",
      "Steps that train the visual projection alone, CLIP frozen, before the image tower is trained "
        + "(--align-steps; the reference does none)."
    ),
    ("baseline, tuned", "CLIP before and after DIVA. Both are scored on the same pairs."),
    (
      "weight interpolation",
      "A run scores and keeps the weights (1 − α)·baseline + α·trained: most of the gain, less forgetting. "
        + "α = 1 − --baseline-share, by default \(1 - TrainConfiguration().baselineShare); the reference keeps α = 1."
    ),
    (
      "reconstruction",
      "The image that the denoiser samples from a noised latent when it is conditioned on one CLIP's "
        + "features."
    ),
    (
      "pair",
      "Two images and two statements, each true of one image only; a pair is right when both statements "
        + "pick their own image, so guessing is right in 25 % of pairs."
    ),
    ("pattern", "One of the nine kinds of detail that MMVP's pairs differ in, such as orientation, count or colour."),
    (
      "mined, unmined pairs",
      "Mined pairs are CLIP-blind: the images that a twin, the baseline's architecture trained from another "
        + "seed, finds most alike. Unmined pairs are taken as they are drawn."
    ),
    (
      "fixed, broken",
      "Pairs that only the tuned CLIP gets right, and pairs that only the baseline does; McNemar's exact "
        + "test compares the two numbers."
    ),
    (
      "margin",
      "The worse statement's probability of its own image, less one half; above 0 the pair is right."
    ),
    (
      "p of own image",
      "A statement's probability of its own image: the softmax of its similarities to both, times the "
        + "model's logit scale; right above 0.5."
    ),
    (
      "flips",
      "How often a pair's answer changed between right and wrong from one evaluation to the next."
    ),
    (
      "unsure",
      "A margin within 0.02 of 0: little better or worse than a coin toss."
    ),
    (
      "nearest pairs",
      "The pairs with the largest cosine between one of their images and one of this pair's, in a CLIP's embedding."
    ),
    (
      "teacher's verdict",
      "For each image of a pair the statement under whose condition the frozen denoiser predicts the noise "
        + "better, over 32 noises that both statements share."
    ),
    (
      "same",
      "Both statements chose one image: the model cannot tell the two images apart."
    ),
    (
      "by statement, by image, both ways",
      "Winoground's scores: each statement is nearer to its own image; each image is nearer to its own "
        + "statement; both."
    ),
    ("interval", "The 95 % confidence interval of the gain on paired answers."),
    ("zero-shot accuracy", "The share of images whose class is the nearest of all class prompts; no pair is involved."),
    (
      "forgetting",
      "The zero-shot accuracy, or the retrieval recall, lost in training; more than chance where its 95 % "
        + "interval lies below 0."
    ),
    (
      "generator",
      "Of the feedbacks unclip and genhancer: a frozen diffusion model that draws an image from CLIP's embedding of it."
    ),
    (
      "rectified flow",
      "Of the feedback genhancer: latents x and noise ε are mixed as (1 − t)·x + t·ε, and ε − x is predicted."
    ),
    (
      "low-rank adaptation",
      "Training a change B·A of rank 16 of each linear layer instead of the layer; merged into the tower at every step "
        + "(--tuning lora)."
    ),
    ("checkpoint", "A run's saved position, from which it can be resumed bit for bit."),
  ]
}
