/*
 * What a request was shown of sensitive data, gathered while it is answered, for the access log of the
 * workspace (service/access_log.h). Who gathers is resources/veil.c.
 */
#ifndef WINNOW_HTTP_SENSITIVE_READ_H
#define WINNOW_HTTP_SENSITIVE_READ_H

#include "http/http.h"

struct sensitive_read;

/* In the request's arena. NULL when its budget is used up, and then sensitive_read_log fails. */
struct sensitive_read *sensitive_read_new(struct request *request, unsigned keep_days);
/* A feature, or a field of items, each once; the name is copied. */
void sensitive_read_feature(struct sensitive_read *read, struct request *request, struct str name);
void sensitive_read_item(struct sensitive_read *read, const struct uuid *id);
/* Of several, as in a comparison of two, the last. */
void sensitive_read_ranking(struct sensitive_read *read, struct request *request, const char *id);

/* Puts it into the log, when something was read and the answer holds it: not a 304, not that of a HEAD.
 * An error means that the answer must not be given. */
enum error sensitive_read_log(struct request *request, int status);

#endif
