import ArgumentParser

/// The prompt of the condition.
struct PromptOptions: ParsableArguments {
  @Option(
    help:
      "Prompt whose embedding is part of every condition; '' as in the paper. (default: the reference's, a photo of a .; with the embedded diffusion model '')"
  )
  var prompt: String?
}
