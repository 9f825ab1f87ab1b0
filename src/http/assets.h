/*
 * Files that the build embeds (tools/embed-assets.sh) and the daemon serves.
 */
#ifndef WINNOW_HTTP_ASSETS_H
#define WINNOW_HTTP_ASSETS_H

#include <stddef.h>

extern const unsigned char asset_openapi_yaml[];
extern const size_t asset_openapi_yaml_size;

#endif
