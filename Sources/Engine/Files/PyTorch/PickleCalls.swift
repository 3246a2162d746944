/// The calls in a pickle that build data, each with what it gives. There are no others.
///
/// The names are those that `torch.save` and `torch.jit.save` write; the arguments those of `torch/_utils.py`.
struct PickleCalls {
  private let objects: [PickleObject]

  init(_ objects: [PickleObject]) { self.objects = objects }

  enum Result {
    case value(PickleValue)
    case object(PickleObject.Kind, [PickleValue])
  }

  /// What calling `name` gives; a refusal that names it when it is not on the list.
  func result(of name: String, _ arguments: [PickleValue]) throws(PickleRefusal) -> Result {
    switch name {
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
      return .object(.tensor(try tensor(arguments)), [])
    case "torch._utils._rebuild_tensor_v3": return .object(.tensor(try typedTensor(arguments)), [])
    case "torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type":
      return try subclass(arguments)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let first = arguments.first, case .tensor? = kind(first) else { throw Self.wrong(name) }
      return .value(first)
    case "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_tensorlist",
      "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist",
      "torch.jit._pickle.restore_type_tag":
      guard let first = arguments.first else { throw Self.wrong(name) }
      return .value(first)
    case "collections.OrderedDict", "diffusers.configuration_utils.FrozenDict":
      return .object(.dictionary, try pairs(arguments, of: name))
    case "collections.defaultdict": return .object(.dictionary, [])
    case "__builtin__.set", "builtins.set", "__builtin__.frozenset", "builtins.frozenset":
      return .object(.set, arguments.first.flatMap(elements) ?? [])
    case "copy_reg._reconstructor", "copyreg._reconstructor":
      guard let first = arguments.first, case .global? = kind(first) else { throw Self.wrong(name) }
      return .object(.instance, [first])
    case let name where Self.isForbidden(name): throw Self.refusal(name)
    // Beside the weights it does no harm; among them it is refused (`PickledNames`).
    default: return .object(.opaque(name), [])
    }
  }

  /// True for names that files of weights hold, and that say nothing of the weights.
  static func isKnown(_ name: String) -> Bool { known.contains(name) }

  /// True for what runs or loads something. Nothing is ever called here, but a file that names it is no model's.
  static func isForbidden(_ name: String) -> Bool {
    let parts = name.split(separator: ".", maxSplits: 1)
    guard parts.count == 2 else { return true }
    if parts[0] == "builtins" || parts[0] == "__builtin__" { return runningBuiltins.contains(parts[1]) }
    return runningModules.contains(parts[0]) || runningFunctions.contains(name)
  }

  private static let runningModules: Set<Substring> = [
    "os", "posix", "nt", "sys", "subprocess", "commands", "popen2", "pty", "socket", "shutil", "importlib", "imp",
    "runpy",
    "ctypes", "cffi", "code", "codeop", "pdb", "bdb", "timeit", "cProfile", "profile", "trace", "webbrowser", "urllib",
    "http", "ftplib", "telnetlib", "smtplib", "requests", "multiprocessing", "threading", "asyncio", "concurrent",
    "signal",
    "pickle", "_pickle", "cPickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "pip", "setuptools",
    "distutils",
    "tempfile", "linecache", "inspect", "gc", "atexit", "pydoc", "doctest", "nose", "pytest", "platform",
  ]
  private static let runningBuiltins: Set<Substring> = [
    "eval", "exec", "execfile", "compile", "open", "file", "__import__", "getattr", "setattr", "delattr", "input",
    "raw_input", "apply", "globals", "locals", "vars", "breakpoint", "exit", "quit", "map", "filter", "reduce",
    "memoryview",
  ]
  private static let runningFunctions: Set<String> = [
    "torch.load", "torch.hub.load", "torch.jit.load", "torch.ops.load_library", "torch.classes.load_library",
    "torch.utils.cpp_extension.load", "numpy.load", "numpy.fromfile", "numpy.memmap", "pandas.read_pickle",
    "operator.methodcaller", "operator.attrgetter", "functools.reduce", "types.FunctionType", "types.CodeType",
    "copyreg.add_extension", "copy_reg.add_extension",
  ]

  static func refusal(_ name: String) -> PickleRefusal {
    PickleRefusal(
      "its pickle uses \(name.shown), which does not belong into a file of weights",
      advice: "nothing in the file was run; if you trust it, save its model's state_dict() and open that")
  }

  private static let known: Set<String> = [
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "collections.OrderedDict",
    "collections.defaultdict", "copy_reg._reconstructor", "copyreg._reconstructor", "argparse.Namespace",
    "types.SimpleNamespace", "torch.Size", "torch.device", "_codecs.encode", "functools.partial", "pathlib.PosixPath",
    "pathlib.WindowsPath", "pathlib.Path", "pathlib._local.PosixPath", "collections.deque", "collections.Counter",
    "datetime.datetime", "datetime.date", "datetime.timedelta",
  ]

  private static func wrong(_ name: String) -> PickleRefusal {
    PickleRefusal("its pickle calls \(name) with the wrong arguments")
  }
}

extension PickleCalls {
  /// What a persistent id stands for: a storage, or in old files a class with its source code.
  func persistent(_ id: PickleValue) throws(PickleRefusal) -> Result {
    let wrong = PickleRefusal("its pickle refers to something that is not a storage")
    guard let parts = elements(id), parts.count >= 2 else { throw wrong }
    if parts[0] == .text("module") { return .value(parts[1]) }
    guard parts[0] == .text("storage"), parts.count >= 5, case .global(let name)? = kind(parts[1]),
      case .text(let key) = parts[2], case .integer(let count) = parts[4], count >= 0
    else { throw wrong }
    guard parts.count == 5 || parts[5] == .none else {
      throw PickleRefusal(
        "its pickle shares storages in a way of PyTorch before 0.4", advice: "save it again with torch")
    }
    guard let type = Self.storageTypes[name] else {
      throw PickleRefusal("its pickle holds numbers of the unknown kind \(name.shown)")
    }
    return .object(.storage(PickledStorage(key: key, type: type, count: count)), [])
  }

  private static let storageTypes: [String: StoredType] = {
    let types: [String: StoredType] = [
      "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64, "LongStorage": .i64,
      "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
      "ComplexFloatStorage": .c64, "UntypedStorage": .u8,
    ]
    var named: [String: StoredType] = [:]
    for module in ["torch.", "torch.cuda.", "torch.storage."] {
      for (name, type) in types { named[module + name] = type }
    }
    return named
  }()

  /// `_rebuild_tensor_v3` stores the types that have no storage class of their own.
  private static let types: [String: StoredType] = [
    "torch.uint16": .u16, "torch.uint32": .u32, "torch.uint64": .u64, "torch.float8_e4m3fn": .f8E4M3,
    "torch.float8_e5m2": .f8E5M2, "torch.float8_e4m3fnuz": .f8E4M3FNUZ, "torch.float8_e5m2fnuz": .f8E5M2FNUZ,
    "torch.float8_e8m0fnu": .f8E8M0, "torch.float32": .f32, "torch.float16": .f16, "torch.bfloat16": .bf16,
    "torch.float64": .f64, "torch.int64": .i64, "torch.int32": .i32, "torch.int16": .i16, "torch.int8": .i8,
    "torch.uint8": .u8, "torch.bool": .bool,
  ]

  private func kind(_ value: PickleValue) -> PickleObject.Kind? {
    if case .reference(let index) = value { objects[index].kind } else { nil }
  }

  private func elements(_ value: PickleValue) -> [PickleValue]? {
    guard case .reference(let index) = value, [.tuple, .list].contains(objects[index].kind) else { return nil }
    return objects[index].items
  }

  /// Sizes or strides; PyTorch's tensors have at most 64 axes.
  private func integers(_ value: PickleValue) -> [Int]? {
    guard let elements = elements(value), elements.count <= 64 else { return nil }
    let integers = elements.compactMap { if case .integer(let number) = $0 { number } else { nil } }
    return integers.count == elements.count ? integers : nil
  }

  /// Arguments: storage, offset, sizes, strides, and what has no meaning here.
  private func tensor(_ arguments: [PickleValue]) throws(PickleRefusal) -> PickledTensor {
    guard arguments.count >= 4, case .storage(let storage)? = kind(arguments[0]),
      case .integer(let offset) = arguments[1], let dims = integers(arguments[2]), let strides = integers(arguments[3])
    else { throw Self.wrong("torch._utils._rebuild_tensor_v2") }
    return PickledTensor(storage: storage, offset: offset, dims: dims, strides: strides)
  }

  /// The same with a type as the seventh argument; the storage counts bytes.
  private func typedTensor(_ arguments: [PickleValue]) throws(PickleRefusal) -> PickledTensor {
    let plain = try tensor(arguments)
    guard arguments.count >= 7, case .global(let name)? = kind(arguments[6]), plain.storage.type.bits == 8 else {
      throw Self.wrong("torch._utils._rebuild_tensor_v3")
    }
    guard let type = Self.types[name] else {
      throw PickleRefusal("its pickle holds numbers of the unknown kind \(name.shown)")
    }
    let (count, rest) = plain.storage.count.quotientAndRemainder(dividingBy: type.bits / 8)
    guard rest == 0 else { throw Self.wrong("torch._utils._rebuild_tensor_v3") }
    let storage = PickledStorage(key: plain.storage.key, type: type, count: count)
    return PickledTensor(storage: storage, offset: plain.offset, dims: plain.dims, strides: plain.strides)
  }

  /// A tensor of a subclass or with attributes: the function that builds it, the class, that function's arguments.
  private func subclass(_ arguments: [PickleValue]) throws(PickleRefusal) -> Result {
    let builders = ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"]
    guard arguments.count >= 3, case .global(let name)? = kind(arguments[0]), let inner = elements(arguments[2]) else {
      throw Self.wrong("torch._tensor._rebuild_from_type_v2")
    }
    guard builders.contains(where: { name == "torch._utils." + $0 }) else { throw Self.refusal(name) }
    return try result(of: name, inner)
  }

  /// A dictionary's first entries: none, or a list of pairs as Python 2 wrote them.
  private func pairs(_ arguments: [PickleValue], of name: String) throws(PickleRefusal) -> [PickleValue] {
    guard let first = arguments.first else { return [] }
    guard let list = elements(first) else { throw Self.wrong(name) }
    var items: [PickleValue] = []
    for element in list {
      guard let pair = elements(element), pair.count == 2 else { throw Self.wrong(name) }
      items += pair
    }
    return items
  }
}
