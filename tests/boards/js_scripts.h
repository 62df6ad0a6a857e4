/* SPDX-License-Identifier: MIT */
/* js_scripts.h - what the pages of the JavaScript-only boards run. */
#ifndef BOARDS_JS_SCRIPTS_H
#define BOARDS_JS_SCRIPTS_H

extern const char js_spa[];      /* served as /app.js, a module: fetches the deals and draws them */
extern const char js_infinite[]; /* inline: loads the next rows whenever the end comes into view */
extern const char js_lazy[];     /* inline: gives an image its address once it is near the view */
extern const char js_vue[];      /* inline: draws each row from its data-vue2 */
extern const char js_votes[];    /* inline: fills the counters */

#endif
