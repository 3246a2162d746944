#include "images.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count;
} Source;

/// Points to the caller's variables, because a jump may lose our own.
typedef struct {
  uint8_t **bytes;
  size_t *count, capacity;
} Sink;

/// libpng demands that this does not return; the jump lands in the function that called it.
static void fail(png_structp png, png_const_charp reason) {
  snprintf(png_get_error_ptr(png), IMAGES_MESSAGE_SIZE, "%s", reason);
  longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp warning) {
  (void)png;
  (void)warning;
}

static void take(png_structp png, png_bytep target, size_t count) {
  Source *source = png_get_io_ptr(png);
  if (count > source->count) png_error(png, "the file ends too early");
  memcpy(target, source->bytes, count);
  source->bytes += count;
  source->count -= count;
}

static void give(png_structp png, png_bytep bytes, size_t count) {
  Sink *sink = png_get_io_ptr(png);
  if (*sink->count + count > sink->capacity) {
    size_t capacity = 2 * (*sink->count + count);
    uint8_t *larger = realloc(*sink->bytes, capacity);
    if (!larger) png_error(png, "out of memory");
    *sink->bytes = larger;
    sink->capacity = capacity;
  }
  memcpy(*sink->bytes + *sink->count, bytes, count);
  *sink->count += count;
}

static void flush(png_structp png) { (void)png; }

/// Pillow reads 16-bit greys as whole numbers and shows what lies above 255 as white; so do we.
static void spread_grey16(uint8_t *rgb, uint32_t width, uint32_t height) {
  for (uint32_t y = 0; y < height; y++) {
    uint8_t *row = rgb + (size_t)y * width * 3;
    // From the right, because three bytes take the place of two.
    for (uint32_t x = width; x-- > 0;) {
      uint8_t value = row[2 * (size_t)x] ? 255 : row[2 * (size_t)x + 1];
      memset(row + 3 * (size_t)x, value, 3);
    }
  }
}

int images_png_read(
    const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message) {
  Source source = {bytes, count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  // The caller has its own limit on the area; libpng's limit of a million a side must not come before it.
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  // Texts are not kept: a few kilobytes of them can inflate to gigabytes.
  png_set_chunk_cache_max(png, 1);
  png_set_read_fn(png, &source, take);
  png_read_info(png, info);
  *width = png_get_image_width(png, info);
  *height = png_get_image_height(png, info);
  if (rgb) {
    png_byte depth = png_get_bit_depth(png, info), color = png_get_color_type(png, info);
    int is_grey16 = depth == 16 && color == PNG_COLOR_TYPE_GRAY;
    if (depth == 16 && !is_grey16) png_set_strip_16(png);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (!(color & PNG_COLOR_MASK_COLOR) && !is_grey16) png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)*width * (is_grey16 ? 2 : 3))
      png_error(png, "its pixels are not RGB after conversion");
    for (int pass = 0; pass < passes; pass++)
      for (uint32_t row = 0; row < *height; row++) png_read_row(png, rgb + (size_t)row * *width * 3, NULL);
    if (is_grey16) spread_grey16(rgb, *width, *height);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

int images_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **encoded, size_t *count, char *message) {
  *encoded = NULL;
  *count = 0;
  Sink sink = {encoded, count, 0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return 0;
  }
  png_set_write_fn(png, &sink, give, flush);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t row = 0; row < height; row++) png_write_row(png, rgb + (size_t)row * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return 1;
}
