import Engine
import Foundation
import Testing

@testable import diva_tui
@testable import Recap

@Suite("The benchmark measures")
struct BenchCommandTests {
  private func rows(_ words: [String]) throws -> [[String: Any]] {
    try diva(["bench", "--json", "--threads", "1", "--repeat", "1"] + words, assets: try TinyAssets.ready.get())
      .objects()
  }

  @Test("every part of a model, from nothing, at tiny size")
  func tinyModels() throws {
    let parts = ["clip", "unet", "vae", "step"]

    let rows = try rows(parts.flatMap { ["--part", $0] } + ["--size", "tiny"])

    #expect(
      rows.map { $0["name"] as? String } == [
        "CLIP forward", "CLIP forward + backward", "UNet forward", "UNet forward + backward to the context",
        "VAE encode 64×64", "DIVA step",
      ])
    for row in rows {
      #expect((row["seconds"] as? Double ?? 0) > 0 && (row["flops"] as? Double ?? 0) > 0, "\(row)")
      #expect((row["fractionOfPeak"] as? Double ?? 0) > 0 && (row["peakGflops"] as? Double ?? 0) > 0, "\(row)")
      #expect((row["peakMemoryBytes"] as? Int ?? 0) > 1_000_000 && row["threads"] as? Int == 1, "\(row)")
      #expect(row["precision"] as? String == "f32" && row["size"] as? String == "tiny" && row["peer"] == nil)
    }
  }

  @Test("the embedded models, with images as they come and at hand")
  func givenModels() throws {
    let rows = try rows(["clip", "unet", "vae", "step", "mini"].flatMap { ["--part", $0] } + ["--batch", "2"])

    #expect(rows.map { $0["batch"] as? Int } == Array(repeating: 2, count: 7))
    #expect(rows.last?["name"] as? String == "mini step, batch 2")
  }

  @Test("the mini step takes no new memory once it has run")
  func noNewMemory() throws {
    let row = try #require(try rows(["--part", "mini", "--batch", "3"]).first)

    #expect(row["poolMisses"] as? Int == 0 && (row["processorShare"] as? Double ?? 0) > 0)
  }

  @Test("a profile says which kinds of op and which layers take the time")
  func profile() throws {
    let report = try #require(try rows(["--part", "step", "--size", "tiny", "--profile"]).first)

    func names(_ member: String) -> Set<String> {
      Set((report[member] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String })
    }
    #expect(names("kinds").isSuperset(of: ["linear", "convolution", "attention", "norm", "activation", "elementwise"]))
    #expect(
      names("layers").isSuperset(of: [
        "vision_model.encoder.layers.1", "down_blocks.0.attentions.1", "mid_block.resnets.0", "up_blocks.1.resnets.2",
        "conv_in", "time_embedding.linear_2",
      ]), "\(names("layers").sorted())")
    let told = try diva(
      ["bench", "--part", "unet", "--size", "tiny", "--profile", "--threads", "1"], assets: TinyAssets.path)
    #expect(told.output.contains("by kind of op") && told.output.contains("down_blocks.0.resnets.0"))
  }

  @Test("step says where its time goes too")
  func profileOfAStep() throws {
    let told = try #require(
      try diva(["step", "--profile", "--json", "--threads", "1"], assets: try TinyAssets.ready.get()).objects().first)

    let profile = try #require(told["profile"] as? [String: Any])
    #expect(profile["seconds"] as? Double ?? 0 > 0 && (profile["layers"] as? [Any] ?? []).count > 10)
  }

  /// Answers as peer.py does: OpenVINO takes 2000 s, ncnn cannot, ONNX Runtime ends, all others take 1000 s.
  private static let peer = #"""
    while read -r line; do
      case $line in
      *hello*)
        echo '{"torch": "2", "engines": {"torch": "2", "openvino": "3", "ncnn": "4", "onnxruntime": "5"}}' ;;
      *prepare*onnxruntime*) exit 1 ;;
      *prepare*ncnn*) echo '{"error": "it cannot"}' ;;
      *prepare*)
        seconds=1000; case $line in *openvino*) seconds=2000 ;; esac
        echo '{"ready": true}' ;;
      *) echo "{\"seconds\": $seconds, \"peakMemoryBytes\": 1000}" ;;
      esac
    done
    """#

  private func duels(_ words: [String]) throws -> Hearing {
    let script = FileManager.default.temporaryDirectory.appending(path: "peer-\(UUID()).sh")
    try Data(Self.peer.utf8).write(to: script)
    defer { try? FileManager.default.removeItem(at: script) }
    return try diva(
      ["bench", "--threads", "1", "--repeat", "1", "--size", "tiny", "--precision", "f32"] + words
        + ["--python", "/bin/sh", "--peer", script.path], assets: try TinyAssets.ready.get())
  }

  private func engines(_ hearing: Hearing) throws -> [String?] {
    try hearing.objects().map { ($0["peer"] as? [String: Any])?["engine"] as? String }
  }

  @Test("beside PyTorch alone, if nothing else is chosen")
  func defaultPeer() throws {
    let ran = try duels(["--part", "vae", "--json"])

    #expect(try engines(ran) == ["torch"] && ran.log == "")
  }

  @Test("one row for each library that is chosen; one that fails or ends leaves the others theirs")
  func peers() throws {
    let ran = try duels(
      ["--part", "vae", "--part", "clip", "--json"]
        + ["openvino", "torch", "ncnn", "onnxruntime", "torch.compile"].flatMap { ["--engine", $0] })

    let rows = try ran.objects()
    #expect(try engines(ran) == ["torch", "openvino", "torch", "openvino", "torch"])
    #expect(
      rows.map { $0["name"] as? String } == [
        "VAE encode 64×64", "VAE encode 64×64", "CLIP forward", "CLIP forward", "CLIP forward + backward",
      ])
    for (row, seconds) in zip(rows, [1000.0, 2000, 1000, 2000, 1000]) {
      #expect((row["peer"] as? [String: Any])?["seconds"] as? Double == seconds)
    }
    let lines = ran.log.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.contains("no comparison with torch.compile: /bin/sh cannot use it") }, "\(lines)")
    #expect(lines.contains { $0.contains("no row for clip f32: ncnn: it cannot") }, "\(lines)")
    #expect(lines.contains { $0.contains("no row for clip f32: ONNX Runtime has ended") }, "\(lines)")
    #expect(lines.filter { $0.contains("no row") }.count == 4, "\(lines)")
  }

  @Test("the engine's own row stays where the only library cannot compute it, or fails")
  func ownRow() throws {
    let ran = try duels(["--part", "clip", "--engine", "ncnn", "--json"])

    #expect(try engines(ran) == [nil, nil])
    #expect(ran.log.contains("no comparison for CLIP forward: ncnn: it cannot"), "\(ran.log)")
  }

  @Test("the table names the library in a column")
  func peerColumn() throws {
    let ran = try duels(["--part", "vae", "--engine", "openvino"])

    #expect(ran.lines.first?.contains(" peer   its time its memory") == true, "\(ran.output)")
    #expect(ran.lines.last?.contains(" OpenVINO ") == true, "\(ran.output)")
  }

  @Test("alone where there is no PyTorch, and says why in one line", arguments: ["/nowhere/python", "false"])
  func withoutPeer(python: String) throws {
    let ran = try diva(
      ["bench", "--json", "--repeat", "1", "--threads", "1", "--part", "vae", "--size", "tiny", "--python", python],
      assets: try TinyAssets.ready.get())

    let rows = try ran.objects()
    #expect(rows.count == 1 && (rows[0]["seconds"] as? Double ?? 0) > 0 && rows[0]["peer"] == nil)
    let lines = ran.log.split(separator: "\n")
    #expect(lines.count == 1 && lines[0].hasPrefix("diva-tui: no comparison with PyTorch: "), "\(lines)")
    #expect(lines[0].contains(python == "false" ? "has ended" : "there is no program /nowhere/python"))
  }
}
