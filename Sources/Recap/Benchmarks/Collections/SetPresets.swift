import Foundation

/// The data sets of the paper's Tables 4 and 5 under CLIP_benchmark's names: where they lie below a folder, and what is in them.
///
/// Table 4 of DIVA has 27 sets; they are those of EVA-CLIP (arXiv 2303.15389), which its numbers are compared with.
public struct SetPreset: Sendable {
  public enum Task: String, Sendable { case zeroShot = "zero-shot", retrieval }

  /// As CLIP_benchmark calls it.
  public let name: String
  public let title: String
  public let task: Task
  /// Test images, and classes; nil where copies differ.
  public let images: Int?
  public let classes: Int?

  private init(_ name: String, _ title: String, _ images: Int?, _ classes: Int?, _ task: Task = .zeroShot) {
    (self.name, self.title, self.images, self.classes, self.task) = (name, title, images, classes, task)
  }

  public static let all = [
    SetPreset("imagenet1k", "ImageNet-1K", 50000, 1000), SetPreset("imagenetv2", "ImageNet-V2", 10000, 1000),
    SetPreset("imagenet-a", "ImageNet-A", 7500, 200), SetPreset("imagenet-r", "ImageNet-R", 30000, 200),
    SetPreset("imagenet_sketch", "ImageNet-Sketch", 50889, 1000), SetPreset("objectnet", "ObjectNet", 18574, 113),
    SetPreset("vtab/cifar10", "CIFAR-10", 10000, 10), SetPreset("vtab/cifar100", "CIFAR-100", 10000, 100),
    SetPreset("mnist", "MNIST", 10000, 10), SetPreset("vtab/caltech101", "Caltech-101", nil, 102),
    SetPreset("sun397", "SUN397", nil, 397), SetPreset("fgvc_aircraft", "FGVC Aircraft", 3333, 100),
    SetPreset("country211", "Country-211", 21100, 211), SetPreset("cars", "Stanford Cars", 8041, 196),
    SetPreset("birdsnap", "Birdsnap", nil, 500), SetPreset("vtab/dtd", "DTD", 1880, 47),
    SetPreset("vtab/eurosat", "EuroSAT", nil, 10), SetPreset("fer2013", "FER2013", 7178, 7),
    SetPreset("vtab/flowers", "Flowers-102", 6149, 102), SetPreset("food101", "Food-101", 25250, 101),
    SetPreset("gtsrb", "GTSRB", 12630, 43), SetPreset("vtab/pcam", "PCam", 32768, 2),
    SetPreset("vtab/pets", "Pets", 3669, 37), SetPreset("renderedsst2", "Rendered SST2", 1821, 2),
    SetPreset("vtab/resisc45", "RESISC45", nil, 45), SetPreset("stl10", "STL-10", 8000, 10),
    SetPreset("voc2007", "VOC2007", nil, 20), SetPreset("flickr30k", "Flickr30K", 1000, nil, .retrieval),
    SetPreset("mscoco_captions", "COCO", 5000, nil, .retrieval),
  ]

  /// The folders that it may be, below the one with all data sets.
  public var folders: [String] {
    let flat = name.replacing("/", with: "-")
    let short = name.split(separator: "/").last.map(String.init) ?? name
    return ["wds_" + flat, flat, "wds_" + short, short]
      + (short == "cifar10" ? ["cifar-10-batches-bin"] : short == "cifar100" ? ["cifar-100-binary"] : [])
  }

  /// Where it lies; nil where it does not.
  public func place(below root: String) -> String? {
    folders.map { root + "/" + $0 }.first { FileManager.default.isFolder($0) == true }
  }
}
