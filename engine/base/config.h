/* SPDX-License-Identifier: MIT */
/* config.h - the program's settings, all from one table (config.def).
 *
 * Later wins: default, catchdeal.conf, environment CATCHDEAL_KEY, command line --set key=value.
 * Both programs read the same file; each key says whom it concerns. A wrong value names its source:
 *     catchdeal.conf:12: tabs_per_browser: "many": expected a whole number
 *     environment CATCHDEAL_LOG: "loud": expected trace, debug, info, warn or error
 *     --set tabs_per_browser: "0": expected a number from 1 to 32
 * An unknown key is an error wherever it stands, the environment included; so is a key that the
 * file sets twice.
 *
 * catchdeal.conf is INI without sections, except [origins] (NAME = URL: that site is fetched from
 * there), which is the same as keys `origin.NAME` (file and --set).
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/ini.h"

#include <stdbool.h>
#include <stdint.h>

/* Each key of config.def is a member: strings are owned by the config, durations are *_ms by type.
 * */
struct config {
#define CONFIG_STR(key, def, reload, prose) char *key;
#define CONFIG_INT(key, def, min, max, reload, prose) int64_t key;
#define CONFIG_BOOL(key, def, reload, prose) bool key;
#define CONFIG_MS(key, def, min, max, reload, prose) int64_t key;    /* milliseconds */
#define CONFIG_BYTES(key, def, min, max, reload, prose) int64_t key; /* bytes */
#include "base/config.def"
    struct config_origin *origins;
    size_t n_origins;
    char *path; /* the file that was read, or NULL */
};

struct config_origin {
    char *site;
    char *origin; /* scheme://host[:port], no slash at the end */
};

/* argv-independent loader.
 *  path       the file; NULL: $CATCHDEAL_CONFIG, else catchdeal.conf in the current directory, else
 *             /etc/catchdeal/catchdeal.conf, and none of the two is fine. A named file that is
 *             missing is an error.
 *  sets       n_sets strings "key=value" from --set.
 *  on_error   every problem (NULL: err holds the first); the config is usable only when 0 is
 *             returned, and may be given to config_fini in each case. */
MUST_CHECK int config_load(struct config *config, const char *path, const char *const *sets,
                           size_t n_sets, ini_error_fn *on_error, void *ctx, struct err *err);
void config_fini(struct config *config);

/* Let `config` take up what `fresh` says and a reload may change: the origins, and each key that does not need
 * a restart. `fresh` is left with the values that were replaced, which whoever still holds one of
 * their strings may use until config_fini(fresh). on_key hears of each key that differs: whether it
 * was taken, or waits for a restart. */
typedef void config_key_fn(const char *key, bool taken, void *ctx);
void config_take(struct config *config, struct config *fresh, config_key_fn *on_key, void *ctx);

/* The origin that replaces the site's own, or NULL. */
const char *config_origin_of(const struct config *config, const char *site);

/* --help-config: each key with type, default, range, whether a reload takes it up, and prose;
 * written as a commented catchdeal.conf, so that the output is a valid file of defaults. */
void config_help(struct buf *out);

#endif
