/* SPDX-License-Identifier: MIT */
/* prelude.js - runs in the isolated world at document start, before the page's own scripts.
 *
 * The engine blocks images. A blocked image fires `error`, and boards answer that by writing a stock picture
 * into its `src`, which would become the deal's picture. Stopping the event here, in the capturing phase,
 * keeps the address that the board meant. Errors of scripts and styles pass: pages may depend on them.
 */
window.addEventListener('error', event => {
    if (event.target instanceof HTMLImageElement)
        event.stopImmediatePropagation();
}, true);
