/// How many letters must be added, left out or replaced to make one name of the other (Levenshtein 1966).
public enum NameDistance {
  public static func between(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var next = [i + 1]
      for j in b.indices { next.append(min(row[j] + (letter == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)) }
      row = next
    }
    return row[b.count]
  }
}
