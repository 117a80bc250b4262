/* core/hash.h: SHA-256 (FIPS 180-4), the fingerprint of files, settings and rows. */
#ifndef REOX_CORE_HASH_H
#define REOX_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct { uint32_t h[8]; uint64_t bytes; uint8_t block[64]; } Sha256;

enum { HASH_TEXT = 65 };                                   /* 64 hexadecimal digits and a NUL */

void sha256_begin(Sha256 *s);
void sha256_add(Sha256 *s, const void *data, size_t n);
void sha256_end(Sha256 *s, char out[HASH_TEXT]);
void sha256_of(char out[HASH_TEXT], const void *data, size_t n);

#endif
