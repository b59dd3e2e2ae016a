extension CheckpointFile {
  /// The version of the HDF5 library in use.
  public static var libraryVersion: String { HDF5Image.version }
}
