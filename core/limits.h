/* core/limits.h: the caps that a user's file meets. Each is named in the message that refuses. */
#ifndef REOX_CORE_LIMITS_H
#define REOX_CORE_LIMITS_H

#include <stddef.h>

#define LIMIT_FILE_BYTES      ((size_t)1 << 31)    /* any file read whole */
#define LIMIT_JSON_BYTES      ((size_t)4 << 20)
#define LIMIT_CSV_BYTES       ((size_t)1 << 30)
#define LIMIT_CSV_LINE        ((size_t)1 << 20)    /* bytes of one record */
#define LIMIT_CSV_COLUMNS     2000
#define LIMIT_COLUMN_NAME     128                  /* bytes of a clinical column's name */
#define LIMIT_JSON_DEPTH      64
#define LIMIT_AXIS            4096                 /* voxels along one axis */
#define LIMIT_VOXELS          ((size_t)1 << 28)
#define LIMIT_ID              64                   /* characters of a patient's id */
#define LIMIT_THREADS         256

#endif
