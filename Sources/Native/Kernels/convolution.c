// Convolutions of NHWC images on oneDNN, on the calling thread.
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

static dnnl_primitive_desc_t forward_desc(const ConvolutionDescs *d, bool bias, dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, &d->x, &d->w,
                                           bias ? &d->bias : NULL, &d->y, d->strides, d->padStart, d->padEnd));
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, NULL));
  return pd;
}

static Prepared *make_forward(const Key *key) {
  ConvolutionDescs d = convolution_descs(&key->shape);
  dnnl_primitive_attr_t attr = onednn_attributes(false);
  dnnl_primitive_desc_t pd = forward_desc(&d, key->hasBias, attr);
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, dnnl_query_weights_md);
  onednn_add_argument(p, DNNL_ARG_SRC, &d.x);
  onednn_add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  onednn_add_argument(p, DNNL_ARG_DST, &d.y);
  if (key->hasBias) onednn_add_argument(p, DNNL_ARG_BIAS, &d.bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static Prepared *make_input_gradient(const Key *key) {
  ConvolutionDescs d = convolution_descs(&key->shape);
  dnnl_primitive_attr_t attr = onednn_attributes(false);
  dnnl_primitive_desc_t hint = forward_desc(&d, false, attr), pd;
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &d.x, &d.w, &d.y, d.strides,
                                                 d.padStart, d.padEnd));
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, hint));
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, dnnl_query_weights_md);
  onednn_add_argument(p, DNNL_ARG_DIFF_SRC, &d.x);
  onednn_add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  onednn_add_argument(p, DNNL_ARG_DIFF_DST, &d.y);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_desc_destroy(hint));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static Prepared *make_weight_gradient(const Key *key) {
  ConvolutionDescs d = convolution_descs(&key->shape);
  dnnl_primitive_attr_t attr = onednn_attributes(false);
  dnnl_primitive_desc_t hint = forward_desc(&d, true, attr), pd;
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &d.x, &d.w, &d.bias, &d.y,
                                                    d.strides, d.padStart, d.padEnd));
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, hint));
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, dnnl_query_diff_weights_md);
  p->packed = onednn_allocated(&p->weights);
  dnnl_memory_desc_t plain = plain_weights(&p->weights);
  p->unpack = onednn_reorder(&p->weights, &plain);
  onednn_add_argument(p, DNNL_ARG_SRC, &d.x);
  onednn_add_argument(p, DNNL_ARG_DIFF_DST, &d.y);
  onednn_add_argument(p, DNNL_ARG_DIFF_WEIGHTS, &p->weights);
  onednn_add_argument(p, DNNL_ARG_DIFF_BIAS, &d.bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_desc_destroy(hint));
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
  Prepared *p = onednn_find(&key, make_forward);
  onednn_point(p, DNNL_ARG_SRC, x);
  point_weights(p, weights, frozenID);
  onednn_point(p, DNNL_ARG_DST, y);
  if (bias) onednn_point(p, DNNL_ARG_BIAS, bias);
  onednn_run(p);
}

void kernels_convolution_input_gradient(const ConvolutionShape *shape, const float *dy, const float *weights,
                                        uint64_t frozenID, float *dx) {
  Key key = {.kind = INPUT_GRADIENT, .shape = *shape};
  Prepared *p = onednn_find(&key, make_input_gradient);
  onednn_point(p, DNNL_ARG_DIFF_DST, dy);
  point_weights(p, weights, frozenID);
  onednn_point(p, DNNL_ARG_DIFF_SRC, dx);
  onednn_run(p);
}

void kernels_convolution_weight_gradient(const ConvolutionShape *shape, const float *x, const float *dy,
                                         float *dWeights, float *dBias) {
  Key key = {.kind = WEIGHT_GRADIENT, .shape = *shape, .hasBias = true};
  Prepared *p = onednn_find(&key, make_weight_gradient);
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
