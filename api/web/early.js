// SPDX-License-Identifier: MIT
// early.js - the chosen colours, before anything is painted: a module would come too late.
'use strict';
try {
  const theme = localStorage.getItem('catchdeal.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* no storage: the system's choice */ }
