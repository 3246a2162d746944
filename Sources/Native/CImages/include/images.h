#pragma once

#include <stddef.h>
#include <stdint.h>
#include <turbojpeg.h>
#include <webp/decode.h>

/// Longest message that a function below writes, with its closing zero.
#define IMAGES_MESSAGE_SIZE 200

/// Reads the header of a PNG and, unless `rgb` is NULL, decodes it into width × height × 3 bytes.
///
/// No gamma or colour management; palettes and greys become RGB, alpha is dropped; 16 bits keep their high byte, but
/// those of a grey without alpha are cut off at 255.
/// This and the next function return 1 when they worked; 0 with the reason in `message`.
int images_png_read(
    const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint8_t *rgb, char *message);

/// Encodes 8-bit RGB. The caller frees `*encoded`, also after a failure.
int images_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **encoded, size_t *count, char *message);
