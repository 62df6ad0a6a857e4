// SPDX-License-Identifier: MIT
// prefs.js - what the reader chose, kept in this browser: lang, theme, keys. Without storage nothing is remembered.

export function remembered(name) {
  try {
    return localStorage.getItem(`catchdeal.${name}`);
  } catch {
    return null;
  }
}

// value null: forget it
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`catchdeal.${name}`);
    else localStorage.setItem(`catchdeal.${name}`, value);
  } catch { /* it holds for this visit */ }
}
