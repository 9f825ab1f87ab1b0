/*
 * {ranking} in a path. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_RANKING_ID_H
#define WINNOW_HTTP_RESOURCES_RANKING_ID_H

#include "http/resources/resource.h"

/* Behind {ws} in every path that has one. What is no id names nothing: it is found nowhere. */
static inline struct str ranking_param(const struct request *request)
{
	return request->params[1];
}

#endif
