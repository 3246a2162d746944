/// The instructions of a pickle by their names in Python's `pickletools`, without those that PyTorch never writes.
enum PickleCode {
  static let proto: UInt8 = 0x80
  static let frame: UInt8 = 0x95
  static let stop = UInt8(ascii: ".")

  static let none = UInt8(ascii: "N")
  static let newTrue: UInt8 = 0x88
  static let newFalse: UInt8 = 0x89
  static let binInt = UInt8(ascii: "J")
  static let binInt1 = UInt8(ascii: "K")
  static let binInt2 = UInt8(ascii: "M")
  static let long1: UInt8 = 0x8A
  static let long4: UInt8 = 0x8B
  static let binFloat = UInt8(ascii: "G")
  static let int = UInt8(ascii: "I")
  static let long = UInt8(ascii: "L")

  static let binUnicode = UInt8(ascii: "X")
  static let shortBinUnicode: UInt8 = 0x8C
  static let binUnicode8: UInt8 = 0x8D
  static let shortBinString = UInt8(ascii: "U")
  static let binString = UInt8(ascii: "T")
  static let shortBinBytes = UInt8(ascii: "C")
  static let binBytes = UInt8(ascii: "B")
  static let binBytes8: UInt8 = 0x8E
  static let byteArray8: UInt8 = 0x96

  static let mark = UInt8(ascii: "(")
  static let emptyTuple = UInt8(ascii: ")")
  static let tuple1: UInt8 = 0x85
  static let tuple2: UInt8 = 0x86
  static let tuple3: UInt8 = 0x87
  static let tuple = UInt8(ascii: "t")
  static let emptyList = UInt8(ascii: "]")
  static let list = UInt8(ascii: "l")
  static let emptyDict = UInt8(ascii: "}")
  static let dict = UInt8(ascii: "d")
  static let emptySet: UInt8 = 0x8F
  static let frozenSet: UInt8 = 0x91
  static let pop = UInt8(ascii: "0")
  static let popMark = UInt8(ascii: "1")
  static let dup = UInt8(ascii: "2")

  static let append = UInt8(ascii: "a")
  static let appends = UInt8(ascii: "e")
  static let setItem = UInt8(ascii: "s")
  static let setItems = UInt8(ascii: "u")
  static let addItems: UInt8 = 0x90

  static let binPut = UInt8(ascii: "q")
  static let longBinPut = UInt8(ascii: "r")
  static let memoize: UInt8 = 0x94
  static let binGet = UInt8(ascii: "h")
  static let longBinGet = UInt8(ascii: "j")

  static let global = UInt8(ascii: "c")
  static let stackGlobal: UInt8 = 0x93
  static let binPersistentID = UInt8(ascii: "Q")
  static let newObject: UInt8 = 0x81
  static let newObjectEx: UInt8 = 0x92
  static let reduce = UInt8(ascii: "R")
  static let build = UInt8(ascii: "b")
}
