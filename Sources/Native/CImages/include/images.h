#pragma once

#include <stddef.h>
#include <stdint.h>
#include <turbojpeg.h>

/// Longest message that a function below writes, with its closing zero.
#define IMAGES_MESSAGE_SIZE 200

/// What the header of a PNG says. All functions return 1 when they worked; 0 with the reason in `message`.
int images_png_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char *message);

/// Decodes into `rgb`, width × height × 3 bytes of the size that `images_png_size` gave. No gamma or colour management;
/// 16 bits keep their high byte, palettes and greys become RGB, alpha is dropped.
int images_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, char *message);

/// Encodes 8-bit RGB. The caller frees `*encoded`, also after a failure.
int images_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **encoded, size_t *count, char *message);
