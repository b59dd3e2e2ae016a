/// Takes an HDF5 file in memory apart: the part of the format that ``HDF5Writer`` uses, and no more.
///
/// Not by HDF5's own reader, which damaged files make crash or run for ever; here everything else
/// than what a checkpoint holds is an error.
///
/// - Source: The HDF Group, "HDF5 File Format Specification", version 3.0.
struct HDF5Reader {
  private var bytes: HDF5Bytes
  private var content = CheckpointFile()

  static func content(of bytes: [UInt8]) throws(Failure) -> CheckpointFile {
    var reader = HDF5Reader(bytes: HDF5Bytes(bytes))
    let root = try reader.rootAddress()
    for message in try reader.messages(at: root) where message.kind == .attribute {
      try reader.addAttribute(message.body)
    }
    try reader.addObject(at: root, named: "", depth: 0)
    do {
      try reader.content.validate()
    } catch {
      throw Failure(reason: error.description)
    }
    return reader.content
  }

  private init(bytes: HDF5Bytes) { self.bytes = bytes }

  /// From the superblock, version 0.
  private mutating func rootAddress() throws(Failure) -> Int {
    guard try bytes.take(8, at: 0).elementsEqual([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
    else { throw Failure(reason: "it does not begin as HDF5 files do") }
    var position = 8
    // Versions of the superblock and of three other structures, and the widths of numbers.
    let versions = Array(try bytes.take(8, at: position))
    guard [0, 1, 2, 4].allSatisfy({ versions[$0] == 0 }), versions[5] == 8, versions[6] == 8 else {
      throw Failure(reason: "its superblock is of another kind: \(versions)")
    }
    position = 24
    let base = try bytes.integer(8, at: &position)
    guard base == HDF5Image.userBlock else { throw Failure(reason: "it begins at byte \(base)") }
    position = 64
    return try bytes.integer(8, at: &position)
  }

  // MARK: Objects

  /// What a message in an object's header is about.
  private enum MessageKind: Int {
    case none = 0x00
    case dataspace = 0x01
    case datatype = 0x03
    case oldFillValue = 0x04
    case fillValue = 0x05
    case layout = 0x08
    case attribute = 0x0C
    case continuation = 0x10
    case symbolTable = 0x11
    case time = 0x12
  }

  private struct Message {
    let kind: MessageKind
    /// The address of its content, which has the length that the kind asks for, or is refused.
    let body: Int
  }

  /// The messages of an object header, version 1, those in continued blocks included.
  private mutating func messages(at address: Int) throws(Failure) -> [Message] {
    var position = address
    guard try bytes.integer(1, at: &position) == 1 else {
      throw Failure(reason: "there is no object header of version 1 at byte \(address)")
    }
    position += 1
    let count = try bytes.integer(2, at: &position)
    position += 4  // references
    var end = position + 8 + (try bytes.integer(4, at: &position))
    position += 4  // padding
    var messages: [Message] = []
    var continued: [(start: Int, end: Int)] = []
    for _ in 0..<count {
      if position + 8 > end, !continued.isEmpty { (position, end) = continued.removeFirst() }
      let number = try bytes.integer(2, at: &position)
      let size = try bytes.integer(2, at: &position)
      let isShared = try bytes.integer(1, at: &position) & 2 != 0
      position += 3
      guard let kind = MessageKind(rawValue: number), !isShared, position + size <= end else {
        throw Failure(reason: "message \(number) in the object header at byte \(address)")
      }
      if kind == .continuation {
        var place = position
        let start = try bytes.integer(8, at: &place)
        let length = try bytes.integer(8, at: &place)
        _ = try bytes.take(0, at: start)
        _ = try bytes.take(0, at: length)
        continued.append((start, start + length))
      }
      messages.append(Message(kind: kind, body: position))
      position += size
    }
    return messages
  }

  /// Adds the tensor at an address, or all tensors of the group there.
  private mutating func addObject(
    at address: Int, named name: String, depth: Int
  ) throws(Failure) {
    guard depth <= CheckpointFile.maximumDepth else { throw Failure(reason: "\(name) is too deep") }
    let messages = try messages(at: address)
    func body(_ kind: MessageKind) -> Int? { messages.first { $0.kind == kind }?.body }
    if let table = body(.symbolTable) {
      for link in try links(ofGroup: table) {
        try addObject(at: link.object, named: "\(name)/\(link.name)", depth: depth + 1)
      }
    } else if let space = body(.dataspace), let type = body(.datatype), let layout = body(.layout) {
      guard content.tensors[name] == nil else { throw Failure(reason: "\(name) comes twice") }
      content.tensors[name] = try tensor(name, space: space, type: type, layout: layout)
    } else {
      throw Failure(reason: "\(name) is neither a group nor a tensor")
    }
  }

  // MARK: Groups

  private struct Link {
    let name: String
    let object: Int
  }

  private mutating func links(ofGroup table: Int) throws(Failure) -> [Link] {
    var position = table
    let tree = try bytes.integer(8, at: &position)
    var heap = try bytes.integer(8, at: &position)
    try bytes.expect("HEAP", version: 0, at: &heap)
    heap += 3
    let size = try bytes.integer(8, at: &heap)
    heap += 8  // the list of free places
    let names = try bytes.integer(8, at: &heap)
    _ = try bytes.take(0, at: names)
    _ = try bytes.take(0, at: size)
    var links: [Link] = []
    try addLinks(ofTree: tree, below: nil, names: names..<names + size, to: &links)
    return links
  }

  /// Walks a B-tree; levels count down to 0, so that no walk is endless.
  private mutating func addLinks(
    ofTree address: Int, below level: Int?, names: Range<Int>, to links: inout [Link]
  ) throws(Failure) {
    var position = address
    // The node's type, 0 for groups, stands where others have a version.
    try bytes.expect("TREE", version: 0, at: &position)
    let own = try bytes.integer(1, at: &position)
    guard own == level.map({ $0 - 1 }) ?? own else {
      throw Failure(reason: "the tree node at byte \(address) has level \(own)")
    }
    let count = try bytes.integer(2, at: &position)
    position += 16  // siblings
    for _ in 0..<count {
      position += 8  // key
      let child = try bytes.integer(8, at: &position)
      if own == 0 {
        try addLinks(ofNode: child, names: names, to: &links)
      } else {
        try addLinks(ofTree: child, below: own, names: names, to: &links)
      }
    }
  }

  private mutating func addLinks(
    ofNode address: Int, names: Range<Int>, to links: inout [Link]
  ) throws(Failure) {
    var position = address
    try bytes.expect("SNOD", version: 1, at: &position)
    position += 1
    for _ in 0..<(try bytes.integer(2, at: &position)) {
      let offset = try bytes.integer(8, at: &position)
      let object = try bytes.integer(8, at: &position)
      let isSoft = try bytes.integer(4, at: &position) == 2
      position += 20
      guard !isSoft, offset < names.count else {
        throw Failure(reason: "a link in the node at byte \(address)")
      }
      let name = try bytes.text(at: names.lowerBound + offset, limit: names.count - offset)
      links.append(Link(name: name, object: object))
    }
  }

  // MARK: Tensors and attributes

  private mutating func tensor(
    _ name: String, space: Int, type: Int, layout: Int
  ) throws(Failure) -> CheckpointFile.StoredTensor {
    guard try stands(HDF5Type.float, at: type) else {
      throw Failure(reason: "\(name) does not hold 32-bit floats")
    }
    let (shape, count) = try extents(at: space, of: name)
    var position = layout
    let (version, kind) = (
      try bytes.integer(1, at: &position), try bytes.integer(1, at: &position)
    )
    guard version == 3, kind == 1 else { throw Failure(reason: "\(name) is not in one piece") }
    let start = try bytes.integer(8, at: &position)
    let size = try bytes.integer(8, at: &position)
    guard size == 4 * count else {
      throw Failure(reason: "\(name) does not hold as many numbers as its shape \(shape) says")
    }
    let stored = size == 0 ? [] : try bytes.take(size, at: start)
    let values = [Float](unsafeUninitializedCapacity: count) { floats, initialized in
      UnsafeMutableRawBufferPointer(floats).copyBytes(from: stored)
      initialized = count
    }
    return CheckpointFile.StoredTensor(shape: shape, values: values)
  }

  /// The extents of a data space, version 1, and their product, which is bounded.
  private mutating func extents(
    at space: Int, of name: String
  ) throws(Failure) -> (shape: [Int], count: Int) {
    var position = space
    let version = try bytes.integer(1, at: &position)
    let rank = try bytes.integer(1, at: &position)
    guard version == 1, rank <= 32 else {
      throw Failure(reason: "\(name) has a shape of version \(version), rank \(rank)")
    }
    position += 6
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(try bytes.integer(8, at: &position)) }
    var count = 1
    for extent in shape {
      let product = count.multipliedReportingOverflow(by: extent)
      guard !product.overflow, product.partialValue <= Int.max / 4 else {
        throw Failure(reason: "\(name) has the shape \(shape)")
      }
      count = product.partialValue
    }
    return (shape, count)
  }

  /// Adds an attribute message, version 1.
  private mutating func addAttribute(_ body: Int) throws(Failure) {
    var position = body
    guard try bytes.integer(1, at: &position) == 1 else {
      throw Failure(reason: "the attribute at byte \(body) is not of version 1")
    }
    position += 1
    var places: [Int] = []  // of the name, the type and the shape, each padded to 8 bytes
    var start = body + 8
    for _ in 0..<3 {
      places.append(start)
      start += (try bytes.integer(2, at: &position) + 7) & ~7
    }
    let name = try bytes.text(at: places[0], limit: places[1] - places[0])
    guard try extents(at: places[2], of: "attribute \(name)").shape.isEmpty else {
      throw Failure(reason: "attribute \(name) is not a single value")
    }
    if try stands(HDF5Type.integer, at: places[1]) {
      content.attributes[name] = .integer(Int(bitPattern: UInt(try word(at: start))))
    } else if try stands(HDF5Type.double, at: places[1]) {
      content.attributes[name] = .real(Double(bitPattern: try word(at: start)))
    } else if try stands(HDF5Type.text, at: places[1]) {
      content.attributes[name] = .text(try text(at: start, of: name))
    } else {
      throw Failure(reason: "attribute \(name) is neither a number nor a text")
    }
  }

  private mutating func word(at address: Int) throws(Failure) -> UInt64 {
    try bytes.take(8, at: address).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func stands(_ type: [UInt8], at address: Int) throws(Failure) -> Bool {
    try bytes.take(type.count, at: address).elementsEqual(type)
  }

  /// A text of any length: its length, and a place in a heap.
  private mutating func text(at address: Int, of name: String) throws(Failure) -> String {
    var position = address
    let length = try bytes.integer(4, at: &position)
    if length == 0 { return "" }
    let heap = try bytes.integer(8, at: &position)
    let index = try bytes.integer(4, at: &position)
    var place = heap
    try bytes.expect("GCOL", version: 1, at: &place)
    place += 3
    let size = try bytes.integer(8, at: &place)
    while place - heap < size {
      let number = try bytes.integer(2, at: &place)
      place += 6
      let count = try bytes.integer(8, at: &place)
      if number == index, length <= count {
        let stored = try bytes.take(length, at: place)
        if let text = String(validating: stored, as: UTF8.self) { return text }
        throw Failure(reason: "attribute \(name) is not UTF-8")
      }
      _ = try bytes.take(0, at: count)
      place += (count + 7) & ~7
    }
    throw Failure(reason: "attribute \(name) has no text")
  }
}

/// How the types of a checkpoint are written, to the last bit.
private enum HDF5Type {
  /// A sign, 8 bits of exponent and 23 of mantissa, little-endian.
  static let float: [UInt8] = [
    0x11, 0x20, 0x1F, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
  ]
  static let double: [UInt8] = [
    0x11, 0x20, 0x3F, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xFF, 3, 0, 0,
  ]
  /// Signed, 64 bits.
  static let integer: [UInt8] = [0x10, 0x08, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0]
  /// Of any length, UTF-8.
  static let text: [UInt8] = [0x19, 0x01, 0x01, 0, 16, 0, 0, 0]
}
