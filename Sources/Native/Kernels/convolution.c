// Convolutions of NHWC images and their gradients on oneDNN, on the calling thread.
#include "onednn.h"

typedef struct {
  dnnl_memory_desc_t x, w, bias, y;  // w in any layout
  dnnl_dims_t strides, padStart, padEnd;
} ConvolutionDescs;

/// The layout of weights files, OIHW, for filters of these sizes.
static dnnl_memory_desc_t plain_weights(const dnnl_memory_desc_t *layout) {
  dnnl_memory_desc_t md;
  CHECK(dnnl_memory_desc_init_by_tag(&md, layout->ndims, layout->dims, dnnl_f32, dnnl_oihw));
  return md;
}

static ConvolutionDescs convolution_descs(const ConvolutionShape *s) {
  ConvolutionDescs d = {.strides = {s->stride, s->stride},
                        .padStart = {s->padTop, s->padLeft},
                        .padEnd = {s->padBottom, s->padRight}};
  dnnl_dims_t x = {s->batch, s->inChannels, s->height, s->width}, bias = {s->outChannels};
  dnnl_dims_t w = {s->outChannels, s->inChannels, s->kernelHeight, s->kernelWidth};
  dnnl_dims_t y = {s->batch, s->outChannels, s->outHeight, s->outWidth};
  CHECK(dnnl_memory_desc_init_by_tag(&d.x, 4, x, dnnl_f32, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&d.w, 4, w, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_memory_desc_init_by_tag(&d.bias, 1, bias, dnnl_f32, dnnl_a));
  CHECK(dnnl_memory_desc_init_by_tag(&d.y, 4, y, dnnl_f32, dnnl_nhwc));
  return d;
}

/// The primitive of a key's kind: forward, or a gradient, for which the forward one is a hint.
static dnnl_primitive_desc_t primitive_desc(const Key *key, const ConvolutionDescs *d, dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_t forward, gradient;
  const dnnl_memory_desc_t *bias = key->hasBias ? &d->bias : NULL;
  CHECK(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, &d->x, &d->w, bias,
                                           &d->y, d->strides, d->padStart, d->padEnd));
  CHECK(dnnl_primitive_desc_create(&forward, &desc, attr, onednn_engine, NULL));
  if (key->kind == CONVOLUTION) return forward;
  if (key->kind == INPUT_GRADIENT)
    CHECK(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &d->x, &d->w, &d->y, d->strides,
                                                   d->padStart, d->padEnd));
  else
    CHECK(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &d->x, &d->w, bias, &d->y,
                                                      d->strides, d->padStart, d->padEnd));
  CHECK(dnnl_primitive_desc_create(&gradient, &desc, attr, onednn_engine, forward));
  CHECK(dnnl_primitive_desc_destroy(forward));
  return gradient;
}

static Prepared *make_convolution(const Key *key) {
  bool isWeights = key->kind == WEIGHT_GRADIENT, isInput = key->kind == INPUT_GRADIENT;
  ConvolutionDescs d = convolution_descs(&key->shape);
  dnnl_primitive_attr_t attr = onednn_attributes(false);
  dnnl_primitive_desc_t pd = primitive_desc(key, &d, attr);
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, isWeights ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
  if (isWeights) {
    dnnl_memory_desc_t plain = plain_weights(&p->weights);
    p->packed = onednn_allocated(&p->weights);
    p->unpack = onednn_reorder(&p->weights, &plain);
  }
  onednn_add_argument(p, isInput ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, &d.x);
  onednn_add_argument(p, isWeights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, &p->weights);
  onednn_add_argument(p, key->kind == CONVOLUTION ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, &d.y);
  if (key->hasBias) onednn_add_argument(p, isWeights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, &d.bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static void point_weights(Prepared *p, const float *weights, uint64_t frozenID) {
  dnnl_memory_desc_t plain = plain_weights(&p->weights);
  onednn_point_weights(p, &plain, weights, frozenID);
}

void kernels_convolution(const ConvolutionShape *shape, const float *x, const float *weights, uint64_t frozenID,
                         const float *bias, float *y) {
  Key key = {.kind = CONVOLUTION, .shape = *shape, .hasBias = bias != NULL};
  Prepared *p = onednn_find(&key, make_convolution);
  onednn_point(p, DNNL_ARG_SRC, x);
  point_weights(p, weights, frozenID);
  onednn_point(p, DNNL_ARG_DST, y);
  if (bias) onednn_point(p, DNNL_ARG_BIAS, bias);
  onednn_run(p);
}

void kernels_convolution_input_gradient(const ConvolutionShape *shape, const float *dy, const float *weights,
                                        uint64_t frozenID, float *dx) {
  Key key = {.kind = INPUT_GRADIENT, .shape = *shape};
  Prepared *p = onednn_find(&key, make_convolution);
  onednn_point(p, DNNL_ARG_DIFF_DST, dy);
  point_weights(p, weights, frozenID);
  onednn_point(p, DNNL_ARG_DIFF_SRC, dx);
  onednn_run(p);
}

void kernels_convolution_weight_gradient(const ConvolutionShape *shape, const float *x, const float *dy,
                                         float *dWeights, float *dBias) {
  Key key = {.kind = WEIGHT_GRADIENT, .shape = *shape, .hasBias = true};
  Prepared *p = onednn_find(&key, make_convolution);
  onednn_point(p, DNNL_ARG_SRC, x);
  onednn_point(p, DNNL_ARG_DIFF_DST, dy);
  onednn_point(p, DNNL_ARG_DIFF_WEIGHTS, onednn_data(p->packed));
  onednn_point(p, DNNL_ARG_DIFF_BIAS, dBias);
  onednn_run(p);
  dnnl_memory_desc_t layout = plain_weights(&p->weights);
  dnnl_memory_t plain = onednn_memory_at(&layout, dWeights);
  onednn_run_reorder(p->unpack, p->packed, plain);
  CHECK(dnnl_memory_destroy(plain));
}
