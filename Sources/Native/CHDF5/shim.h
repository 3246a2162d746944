#pragma once

// Swift imports HDF5's functions, but not the macros that call H5open first, nor its mutable global ids.
#include <hdf5.h>

// Errors reach the caller as negative ids; HDF5's own printing would tear a screen. The setting belongs to a thread.
static inline void chdf5_print_no_errors(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }

static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }

static inline hid_t chdf5_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_double(void) { return H5T_NATIVE_DOUBLE; }

// UTF-8 text of so many bytes, filled up with zeros; the caller closes the type.
static inline hid_t chdf5_text(size_t bytes) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type >= 0 && (H5Tset_size(type, bytes) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0
                    || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
    H5Tclose(type);
    return -1;
  }
  return type;
}
