internal import CHDF5

/// Builds an HDF5 file in memory.
///
/// Called under the lock of ``HDF5Image``.
enum HDF5Writer {
  static func image(of checkpoint: CheckpointFile) throws(Failure) -> [UInt8] {
    let access = try HDF5Image.memoryAccess()
    defer { H5Pclose(access) }
    let creation = try untimed(bear_h5_file_create())
    defer { H5Pclose(creation) }
    try check(H5Pset_userblock(creation, hsize_t(HDF5Image.userBlock)))
    let file = try check(H5Fcreate("checkpoint", bear_h5_truncate(), creation, access))
    defer { H5Fclose(file) }
    try addGroups(above: checkpoint.tensors.keys, to: file)
    for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
      try add(tensor, named: name, to: file)
    }
    for (name, value) in checkpoint.attributes.sorted(by: { $0.key < $1.key }) {
      try add(value, named: name, to: file)
    }
    try check(H5Fflush(file, H5F_SCOPE_GLOBAL))
    // HDF5 leaves out the user block here.
    let count = try check(H5Fget_file_image(file, nil, 0))
    var bytes = [UInt8](repeating: 0, count: HDF5Image.userBlock + count)
    try check(
      bytes.withUnsafeMutableBytes {
        H5Fget_file_image(file, $0.baseAddress.map { $0 + HDF5Image.userBlock }, count)
      })
    return bytes
  }

  /// Settings for creation without times, so that equal contents are equal bytes.
  private static func untimed(_ kind: hid_t) throws(Failure) -> hid_t {
    let creation = try check(H5Pcreate(kind))
    try check(H5Pset_obj_track_times(creation, false))
    return creation
  }

  private static func addGroups(
    above names: some Sequence<String>, to file: hid_t
  ) throws(Failure) {
    let creation = try untimed(bear_h5_group_create())
    defer { H5Pclose(creation) }
    // A group sorts before what is in it.
    for group in Set(names.flatMap(CheckpointFile.groups)).sorted() {
      let made = try check(
        H5Gcreate2(file, group, bear_h5_default(), creation, bear_h5_default()))
      H5Gclose(made)
    }
  }

  private static func add(
    _ tensor: CheckpointFile.StoredTensor, named name: String, to file: hid_t
  ) throws(Failure) {
    let extents = tensor.shape.map { hsize_t($0) }
    let space = try check(
      extents.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(extents.count), extents, nil))
    defer { H5Sclose(space) }
    let creation = try untimed(bear_h5_dataset_create())
    defer { H5Pclose(creation) }
    let dataset = try check(
      H5Dcreate2(
        file, name, bear_h5_float_le(), space, bear_h5_default(), creation, bear_h5_default()))
    defer { H5Dclose(dataset) }
    guard !tensor.values.isEmpty else { return }
    try check(
      H5Dwrite(
        dataset, bear_h5_native_float(), bear_h5_all(), bear_h5_all(), bear_h5_default(),
        tensor.values))
  }

  private static func add(
    _ value: CheckpointFile.AttributeValue, named name: String, to file: hid_t
  ) throws(Failure) {
    switch value {
    case .integer(let number):
      var number = Int64(number)
      try addAttribute(
        name, to: file, stored: bear_h5_int64_le(), native: bear_h5_native_int64(), &number)
    case .real(var number):
      try addAttribute(
        name, to: file, stored: bear_h5_double_le(), native: bear_h5_native_double(), &number)
    case .text(let text):
      let type = try HDF5Image.textType()
      defer { H5Tclose(type) }
      var characters = text.utf8CString
      try characters.withUnsafeMutableBufferPointer { buffer throws(Failure) in
        // HDF5 wants a pointer to a pointer here.
        var start = buffer.baseAddress
        try addAttribute(name, to: file, stored: type, native: type, &start)
      }
    }
  }

  private static func addAttribute(
    _ name: String, to file: hid_t, stored: hid_t, native: hid_t, _ value: UnsafeRawPointer
  ) throws(Failure) {
    let space = try check(H5Screate(H5S_SCALAR))
    defer { H5Sclose(space) }
    let attribute = try check(
      H5Acreate2(file, name, stored, space, bear_h5_default(), bear_h5_default()))
    defer { H5Aclose(attribute) }
    try check(H5Awrite(attribute, native, value))
  }

  @discardableResult
  private static func check<Code: SignedInteger>(_ code: Code) throws(Failure) -> Code {
    try HDF5Image.check(code)
  }
}
