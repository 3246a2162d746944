// swift-tools-version: 6.1
import PackageDescription

/// The C kernels are arithmetic loops: they need optimisation in debug builds too, or the tests crawl.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=fast", "-fno-math-errno"])]

/// So does the arithmetic around them: the tests render scenes and score thousands of pairs.
let swiftFlags: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "diva-tui",
  products: [
    // No libraries: SwiftPM refuses a package with unsafe flags, which the kernels need, as a versioned dependency.
    .executable(name: "diva-tui", targets: ["diva-tui"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .target(
      name: "CNcurses", path: "Sources/Native/CNcurses",
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    .systemLibrary(
      name: "CSixel", path: "Sources/Native/CSixel", pkgConfig: "libsixel", providers: [.apt(["libsixel-dev"])]),
    .systemLibrary(
      name: "CHDF5", path: "Sources/Native/CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZlib", path: "Sources/Native/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CImages", path: "Sources/Native/CImages",
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("webp")]),
    .target(
      name: "Kernels", path: "Sources/Native/Kernels", cSettings: kernelFlags,
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("m")]),
    .target(name: "CMPI", path: "Sources/Native/CMPI"),
    .target(name: "Engine", dependencies: ["Kernels", "CImages", "CZlib", "CMPI"], swiftSettings: swiftFlags),
    .target(name: "Recap", dependencies: ["Engine", "CHDF5"], swiftSettings: swiftFlags),
    .target(name: "Terminal", dependencies: ["Engine", "CNcurses", "CSixel", "CZlib"], path: "Sources/TUI/Terminal"),
    .target(name: "Explorer", dependencies: ["Terminal", "Recap", "Engine"], path: "Sources/TUI/Explorer"),
    .target(name: "Bench", dependencies: ["Terminal", "Recap", "Engine"], path: "Sources/TUI/Bench"),
    .executableTarget(
      name: "diva-tui",
      dependencies: [
        "Explorer", "Bench", "Terminal", "Recap", "Engine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/TUI/CommandLine"),
    .testTarget(name: "EngineTests", dependencies: ["Engine", "Kernels", "TestSupport"]),
    .testTarget(name: "RecapTests", dependencies: ["Recap", "Engine", "CHDF5", "TestSupport"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal", "Engine", "CZlib", "TestSupport"]),
    .testTarget(name: "ExplorerTests", dependencies: ["Explorer", "Terminal", "Recap", "Engine", "TestSupport"]),
    .testTarget(name: "BenchTests", dependencies: ["Bench", "Recap", "Engine"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["diva-tui", "Explorer", "Bench", "Terminal", "Recap", "Engine", "TestSupport"]),
    .testTarget(name: "FuzzTests", dependencies: ["diva-tui", "Explorer", "Terminal", "Recap", "Engine"]),
    .target(name: "TestSupport", dependencies: ["Engine", "Terminal"], path: "Tests/TestSupport"),
  ]
)

// libFuzzer brings its own main, so that nothing else could be built with it: `scripts/fuzz-guided`.
if Context.environment["DIVA_LIBFUZZER"] != nil {
  package.targets.append(
    .executableTarget(name: "fuzz-readers", dependencies: ["Engine"], path: "Tests/LibFuzzer/Readers"))
}
