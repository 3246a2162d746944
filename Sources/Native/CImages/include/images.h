#pragma once

#include <stddef.h>
#include <stdint.h>
#include <webp/decode.h>
#include <webp/encode.h>

/// Longest message that a function below writes, with its closing zero.
#define IMAGES_MESSAGE_SIZE 200

/// Reads the header of a PNG and, unless `rgb` is NULL, decodes it into width × height × 3 bytes.
///
/// No gamma or colour management; palettes and greys become RGB, alpha is dropped; 16 bits keep their high byte, but
/// those of a grey without alpha are cut off at 255.
/// This and the next function return 1 when they worked; 0 with the reason in `message`.
int images_png_read(
    const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message);

/// Reads the header of a JPEG and, unless `pixels` is NULL, decodes it into width × height × channels bytes: three of RGB,
/// or four of inks as they are stored.
///
/// As Pillow does with libjpeg: accurate DCT, smooth up-sampling, warnings passed over; an image whose last row is there
/// needs no end mark, one whose lower part is missing is refused. Returns as the function above.
int images_jpeg_read(
    const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint32_t *channels, uint8_t *pixels,
    char *message);

/// Encodes 8-bit RGB. The caller frees `*encoded`, also after a failure.
int images_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **encoded, size_t *count, char *message);
