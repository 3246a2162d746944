#include "images.h"

#include <setjmp.h>
#include <stdio.h>
// After stdio.h, whose FILE it uses.
#include <jpeglib.h>

typedef struct {
  struct jpeg_error_mgr errors;
  jmp_buf caller;
  char *message;
} Failure;

/// libjpeg demands that this does not return.
static void fail(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  Failure *failure = (Failure *)jpeg->err;
  failure->errors.format_message(jpeg, text);
  snprintf(failure->message, IMAGES_MESSAGE_SIZE, "%s", text);
  longjmp(failure->caller, 1);
}

/// Warnings (stray bytes, wrong codes) are passed over.
static void ignore(j_common_ptr jpeg, int level) {
  (void)jpeg;
  (void)level;
}

static void do_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

/// There is no more data: the library suspends itself rather than inventing an end mark.
static boolean suspend(j_decompress_ptr jpeg) {
  (void)jpeg;
  return FALSE;
}

static void skip(j_decompress_ptr jpeg, long count) {
  struct jpeg_source_mgr *source = jpeg->src;
  size_t skipped = count < 0 ? 0 : (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
  source->next_input_byte += skipped;
  source->bytes_in_buffer -= skipped;
}

int images_jpeg_read(
    const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, uint32_t *channels, uint8_t *pixels,
    char *message) {
  Failure failure = {.message = message};
  struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&failure.errors)};
  struct jpeg_source_mgr source = {
      .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = do_nothing, .fill_input_buffer = suspend,
      .skip_input_data = skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = do_nothing};
  failure.errors.error_exit = fail;
  failure.errors.emit_message = ignore;
  if (setjmp(failure.caller)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.src = &source;
  const char *reason = NULL;
  if (jpeg_read_header(&jpeg, TRUE) == JPEG_SUSPENDED) {
    reason = "it ends within its header";
  } else {
    int is_ink = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
    jpeg.out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
    *width = jpeg.image_width;
    *height = jpeg.image_height;
    *channels = is_ink ? 4 : 3;
    int is_cut = pixels && !jpeg_start_decompress(&jpeg);
    while (pixels && !is_cut && jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = pixels + (size_t)jpeg.output_scanline * *width * *channels;
      is_cut = jpeg_read_scanlines(&jpeg, &row, 1) == 0;
    }
    if (is_cut) reason = "its lower part is missing";
  }
  if (reason) snprintf(message, IMAGES_MESSAGE_SIZE, "%s", reason);
  jpeg_destroy_decompress(&jpeg);
  return !reason;
}
