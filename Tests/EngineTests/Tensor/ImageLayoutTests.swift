import Engine
import TestSupport
import Testing

@Suite("Images move between the layout of files and the engine's")
struct ImageLayoutTests {
  @Test func everyPixelOfEveryChannelFindsItsPlace() {
    let (images, channels, height, width) = (2, 3, 5, 7)
    let file = Tensor((0..<210).map(Float.init), shape: [images, channels, height, width])

    let ours = file.nhwcFromNCHW

    let expected = (0..<210).map { index in
      let (pixel, c) = index.quotientAndRemainder(dividingBy: channels)
      let (image, place) = pixel.quotientAndRemainder(dividingBy: height * width)
      return Float((image * channels + c) * height * width + place)
    }
    expect(ours, equals: Tensor(expected, shape: [images, height, width, channels]), within: .exact)
  }

  @Test func thereAndBackIsTheSame() {
    let file = RandomSource(seed: 1).normal([3, 4, 1, 9], step: 0)

    expect(file.nhwcFromNCHW.nchwFromNHWC, equals: file, within: .exact)
  }
}
