internal import CHDF5

/// Takes an HDF5 file in memory apart.
///
/// Called under the lock of ``HDF5Image``.
enum HDF5Reader {
  static func content(of bytes: [UInt8]) throws(Failure) -> CheckpointFile {
    let access = try HDF5Image.memoryAccess()
    defer { H5Pclose(access) }
    // HDF5 copies the bytes and only reads them, though its signature says otherwise.
    var bytes = bytes
    try check(H5Pset_file_image(access, &bytes, bytes.count))
    let file = try check(H5Fopen("checkpoint", bear_h5_read_only(), access))
    defer { H5Fclose(file) }
    var content = CheckpointFile()
    content.attributes = try attributes(of: file)
    try addTensors(of: file, at: "", depth: 0, to: &content)
    return content
  }

  /// Adds every tensor below a group; `location` is the file or the group.
  private static func addTensors(
    of location: hid_t, at path: String, depth: Int, to content: inout CheckpointFile
  ) throws(Failure) {
    guard depth <= CheckpointFile.maximumDepth else {
      throw Failure(reason: "\(path) is too deep")
    }
    var group = H5G_info_t()
    try check(H5Gget_info(location, &group))
    for index in 0..<group.nlinks {
      let name = "\(path)/\(try linkName(index, in: location))"
      let object = try check(
        H5Oopen_by_idx(location, ".", H5_INDEX_NAME, H5_ITER_INC, index, bear_h5_default()))
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_GROUP: try addTensors(of: object, at: name, depth: depth + 1, to: &content)
      case H5I_DATASET: content.tensors[name] = try tensor(object, named: name)
      default: throw Failure(reason: "\(name) is neither a group nor a tensor")
      }
    }
  }

  private static func linkName(_ index: hsize_t, in location: hid_t) throws(Failure) -> String {
    try text { buffer, size in
      H5Lget_name_by_idx(
        location, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, bear_h5_default())
    }
  }

  /// Asks for a text's length, then for the text.
  private static func text(
    _ read: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws(Failure) -> String {
    let count = try check(read(nil, 0))
    var characters = [CChar](repeating: 0, count: count + 1)
    try check(read(&characters, characters.count))
    return String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func tensor(
    _ dataset: hid_t, named name: String
  ) throws(Failure) -> CheckpointFile.StoredTensor {
    let type = try check(H5Dget_type(dataset))
    defer { H5Tclose(type) }
    guard H5Tget_class(type) == H5T_FLOAT, H5Tget_size(type) == 4 else {
      throw Failure(reason: "\(name) does not hold 32-bit floats")
    }
    let (shape, count) = try extents(of: dataset, named: name)
    // A shape that promises more than was stored would make us allocate it.
    guard H5Dget_storage_size(dataset) == hsize_t(count) * 4 else {
      throw Failure(reason: "\(name) does not hold as many numbers as its shape \(shape) says")
    }
    var values = [Float](repeating: 0, count: count)
    try check(
      H5Dread(
        dataset, bear_h5_native_float(), bear_h5_all(), bear_h5_all(), bear_h5_default(), &values))
    return CheckpointFile.StoredTensor(shape: shape, values: values)
  }

  private static func extents(
    of dataset: hid_t, named name: String
  ) throws(Failure) -> (shape: [Int], count: Int) {
    let space = try check(H5Dget_space(dataset))
    defer { H5Sclose(space) }
    let rank = try check(H5Sget_simple_extent_ndims(space))
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    try check(H5Sget_simple_extent_dims(space, &extents, nil))
    var count = 1
    for extent in extents {
      let product = count.multipliedReportingOverflow(by: Int(clamping: extent))
      guard !product.overflow, product.partialValue <= Int.max / 4 else {
        throw Failure(reason: "\(name) has the shape \(extents)")
      }
      count = product.partialValue
    }
    return (extents.map { Int(clamping: $0) }, count)
  }

  private static func attributes(
    of file: hid_t
  ) throws(Failure) -> [String: CheckpointFile.AttributeValue] {
    var attributes: [String: CheckpointFile.AttributeValue] = [:]
    let root = try check(H5Gopen2(file, "/", bear_h5_default()))
    defer { H5Gclose(root) }
    for index in 0..<hsize_t(try check(H5Aget_num_attrs(root))) {
      let attribute = try check(
        H5Aopen_by_idx(
          root, ".", H5_INDEX_NAME, H5_ITER_INC, index, bear_h5_default(), bear_h5_default()))
      defer { H5Aclose(attribute) }
      let name = try text { buffer, size in H5Aget_name(attribute, size, buffer) }
      attributes[name] = try value(of: attribute, named: name)
    }
    return attributes
  }

  private static func value(
    of attribute: hid_t, named name: String
  ) throws(Failure) -> CheckpointFile.AttributeValue {
    let type = try check(H5Aget_type(attribute))
    defer { H5Tclose(type) }
    let space = try check(H5Aget_space(attribute))
    defer { H5Sclose(space) }
    // An array would be read past the end of one value.
    guard H5Sget_simple_extent_npoints(space) == 1 else {
      throw Failure(reason: "attribute \(name) is not a single value")
    }
    switch H5Tget_class(type) {
    case H5T_INTEGER:
      var number: Int64 = 0
      try check(H5Aread(attribute, bear_h5_native_int64(), &number))
      return .integer(Int(number))
    case H5T_FLOAT:
      var number = 0.0
      try check(H5Aread(attribute, bear_h5_native_double(), &number))
      return .real(number)
    case H5T_STRING where H5Tis_variable_str(type) > 0: return .text(try text(of: attribute))
    default: throw Failure(reason: "attribute \(name) is neither a number nor a text")
    }
  }

  private static func text(of attribute: hid_t) throws(Failure) -> String {
    let type = try HDF5Image.textType()
    defer { H5Tclose(type) }
    var characters: UnsafeMutablePointer<CChar>?
    try check(H5Aread(attribute, type, &characters))
    defer { H5free_memory(characters) }
    return characters.map { String(cString: $0) } ?? ""
  }

  @discardableResult
  private static func check<Code: SignedInteger>(_ code: Code) throws(Failure) -> Code {
    try HDF5Image.check(code)
  }
}
