import Engine
import Testing

@testable import Recap

@Suite("A reconstruction taken piece by piece")
struct GradualReconstructionTests {
  private func reconstructor() throws -> (Reconstructor, Workspace) {
    let workspace = try Workspace(mini: Assets.mini())
    var reconstructor = Reconstructor(models: try workspace.models(), preprocessing: workspace.preprocessing)
    reconstructor.steps = 3
    return (reconstructor, workspace)
  }

  @Test("does one pass through one network at a time, and shows what it has")
  func pieces() throws {
    let (reconstructor, workspace) = try reconstructor()
    let picture = workspace.world.scene(.unlabelled, 3).render()
    var work = GradualReconstruction(reconstructor, of: picture, timestep: 500, density: .classOnly, seed: 1)
    #expect(
      work.pieces == [
        .encoding, .decodingNoised, .looking(.baseline), .denoising(.baseline, step: 0, of: 3),
        .denoising(.baseline, step: 1, of: 3), .denoising(.baseline, step: 2, of: 3), .decoding(.baseline),
        .looking(.tuned), .denoising(.tuned, step: 0, of: 3), .denoising(.tuned, step: 1, of: 3),
        .denoising(.tuned, step: 2, of: 3), .decoding(.tuned),
      ])

    var known: [[Bool]] = []
    while work.next != nil {
      work.advance()
      known.append([work.original != nil, work.noisedImage != nil, work.baseline != nil, work.result != nil])
    }

    #expect(known.map { $0.count { $0 } } == [1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4])
    let result = work.result?.tuned.image
    work.advance()
    #expect(work.done == work.pieces.count && work.result?.tuned.image == result)
  }

  @Test("is what the sampler makes of the noised latents under the told context")
  func sameNumbers() throws {
    let (reconstructor, workspace) = try reconstructor()
    let (models, picture) = (reconstructor.models, workspace.world.scene(.unlabelled, 4).render())

    let result = reconstructor.rebuild(picture, timestep: 400, density: .all, seed: 7, sample: 2)

    let (latents, decoded) = withoutGradient { () -> (Tensor, Image) in
      let latents = workspace.latents([picture])
      let noise = RandomSource(seed: 7, stream: 30).normal(latents.shape, step: 400, firstSample: 2)
      let noised = models.feedback.schedule.addNoise(noise, to: latents, timesteps: [400])
      let patches = [Array(0..<models.tuned.config.patches)]
      let context = models.recap.context(
        hidden: models.tuned(workspace.preprocessing.pixels([picture])), vision: models.tuned, density: .all,
        patches: patches)
      let sampler = DDIMSampler(models.feedback.schedule)
      let clean = sampler.sample(noised, timesteps: sampler.timesteps(3, from: 400)) { x, t in
        models.feedback.denoiser(x, timesteps: [t], context: context)
      }
      return (clean, models.diffusion.autoencoder.images(fromScaled: clean)[0])
    }
    #expect(result.tuned.image == decoded)
    let error = Double(latents.meanSquaredError(workspace.latents([picture])).item)
    #expect(abs(result.tuned.latentError - error) < 1e-9)
  }

  @Test("goes through one projection for both CLIPs, whatever the alignment has made of it")
  func oneProjection() throws {
    let (reconstructor, workspace) = try reconstructor()
    for parameter in reconstructor.models.projectionParameters {
      parameter.assign(parameter.value.detached().scaled(by: 1.5))
    }
    let picture = workspace.world.scene(.unlabelled, 4).render()
    let result = reconstructor.rebuild(picture, timestep: 800, density: .classOnly, seed: 7)

    // Both CLIPs are the same before the first step on the tower.
    #expect(result.baseline.image == result.tuned.image && result.baseline.latentError == result.tuned.latentError)
  }
}
