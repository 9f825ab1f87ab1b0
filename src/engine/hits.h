/*
 * The two steps of wn_policy_apply, for who goes through the rows in parts of its own.
 */
#ifndef WINNOW_ENGINE_HITS_H
#define WINNOW_ENGINE_HITS_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow/policy.h"

/* Room for the hits of the rules that are in force; nothing is hit yet. False when memory is out;
 * *out is to be released in any case. */
bool wn_hits_init(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out);

/* Finds the hits among `rows`, the first of which is row `first` of the population, a multiple of
 * 64; so is their number, but for the last part. */
void wn_hits_find(const struct wn_policy *policy, const struct wn_rows *rows, size_t first,
	double now_s, struct wn_hits *out);

#endif
