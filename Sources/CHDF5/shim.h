#ifndef BEAR_LAB_CHDF5_H
#define BEAR_LAB_CHDF5_H

// Debian keeps the serial build in a folder of its own, and MPI builds beside it.
#include <hdf5/serial/hdf5.h>

#include <string.h>

// HDF5's constants are macros that call `H5open` first; Swift imports no such macro.

static inline hid_t bear_h5_default(void) { return H5P_DEFAULT; }
static inline hid_t bear_h5_all(void) { return H5S_ALL; }
static inline unsigned bear_h5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned bear_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t bear_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t bear_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t bear_h5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t bear_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t bear_h5_float_le(void) { return H5T_IEEE_F32LE; }
static inline hid_t bear_h5_double_le(void) { return H5T_IEEE_F64LE; }
static inline hid_t bear_h5_int64_le(void) { return H5T_STD_I64LE; }
static inline hid_t bear_h5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t bear_h5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t bear_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t bear_h5_c_string(void) { return H5T_C_S1; }
static inline size_t bear_h5_variable(void) { return H5T_VARIABLE; }

/// Stops HDF5 from printing errors of its own.
static inline void bear_h5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/// Keeps the first message seen in `data`, a zeroed buffer of 256 bytes.
static inline herr_t bear_h5_keep_first(unsigned depth, const H5E_error2_t *error, void *data) {
  char *message = data;
  (void)depth;
  if (message[0] == 0 && error->desc != NULL) strncpy(message, error->desc, 255);
  return 0;
}

/// Writes where the last error began into `message`, a zeroed buffer of 256 bytes.
static inline void bear_h5_last_error(char *message) {
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, bear_h5_keep_first, message);
}

#endif
