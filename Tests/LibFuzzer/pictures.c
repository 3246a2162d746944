// Pictures for libFuzzer: what the Swift readers call in C, with the sanitizers that Swift does not have.
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "images.h"

enum { LARGEST_AREA = 1 << 20 };

/// Right checksums in all chunks, so that changes reach what is behind that check.
static void sign_png(uint8_t *bytes, size_t count) {
  for (size_t start = 8; start + 12 <= count;) {
    uint32_t size = (uint32_t)bytes[start] << 24 | bytes[start + 1] << 16 | bytes[start + 2] << 8 | bytes[start + 3];
    if (size > count - start - 12) return;
    uint32_t sum = (uint32_t)crc32(0, bytes + start + 4, size + 4);
    for (int i = 0; i < 4; i++) bytes[start + 8 + size + i] = (uint8_t)(sum >> (24 - 8 * i));
    start += 12 + size;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  char message[IMAGES_MESSAGE_SIZE];
  uint32_t width = 0, height = 0, channels = 3;
  uint8_t *bytes = malloc(count ? count : 1), *pixels = NULL;
  memcpy(bytes, input, count);
  int is_jpeg = count > 2 && bytes[0] == 0xFF, is_webp = count > 2 && bytes[0] == 'R';
  WebPBitstreamFeatures features;
  if (is_webp) {
    if (WebPGetFeatures(bytes, count, &features) == VP8_STATUS_OK && !features.has_animation) {
      width = (uint32_t)features.width;
      height = (uint32_t)features.height;
    }
  } else if (is_jpeg) {
    images_jpeg_read(bytes, count, &width, &height, &channels, NULL, message);
  } else {
    sign_png(bytes, count);
    images_png_read(bytes, count, &width, &height, NULL, message);
  }
  size_t size = (size_t)width * height * channels;
  if (width && height && (size_t)width * height <= LARGEST_AREA) {
    pixels = malloc(size);
    if (is_webp) {
      WebPDecodeRGBInto(bytes, count, pixels, size, (int)width * 3);
    } else if (is_jpeg) {
      images_jpeg_read(bytes, count, &width, &height, &channels, pixels, message);
    } else if (images_png_read(bytes, count, &width, &height, pixels, message)) {
      uint8_t *encoded = NULL;
      images_png_encode(pixels, width, height, &encoded, &size, message);
      free(encoded);
    }
  }
  free(pixels);
  free(bytes);
  return 0;
}
