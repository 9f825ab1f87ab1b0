/*
 * The texts of the presets that have a file of their own (presets.c has the table).
 */
#ifndef WINNOW_CODEC_PRESETS_INTERNAL_H
#define WINNOW_CODEC_PRESETS_INTERNAL_H

extern const char preset_field_guards[];   /* preset_policies.c */
extern const char preset_field_contract[]; /* preset_contracts.c */

#endif
